/** How long a lock waits for the work that was submitted to the GPU. */
export const LOCK_MS = 10_000;
