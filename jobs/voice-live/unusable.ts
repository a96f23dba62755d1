/** What the user has to put right. Its message is the one line that is shown; the exit code is 2. */
export class Unusable extends Error {}
