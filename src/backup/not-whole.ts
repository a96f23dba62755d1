/** The checkpoint, here or in its backup, isn't what its manifest says, or is gone: trying again won't help. */
export class NotWhole extends Error {}
