/** Looking up in what is sorted: a history is searched for each of its pauses, and has tens of thousands. Pure. */

/** The index of the first that is so, and after which all are; the length where none is. */
export function firstIndex<T>(sorted: readonly T[], isSo: (one: T) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(sorted[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
