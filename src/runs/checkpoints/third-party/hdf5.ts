/**
 * Whether an HDF5 file (Keras's .h5) has all the bytes that its superblock tells. Layout: HDF5 File Format
 * Specification, II.A. Reads the superblock alone.
 */
import type { Parts } from "./read-part.ts";

const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
const SUPERBLOCK_BYTES = 96;
/** Where the superblock of versions 0 to 3 has its sizes and, after them, its addresses: base, another, end. */
const SHAPES = [
  { offsetSizeAt: 13, addressesAt: 24 },
  { offsetSizeAt: 13, addressesAt: 28 },
  { offsetSizeAt: 9, addressesAt: 12 },
  { offsetSizeAt: 9, addressesAt: 12 },
];
const STILL_OPEN = 1;
const UNDEFINED = 2n ** 64n - 1n;

export const isHdf5 = (head: Buffer): boolean => head.subarray(0, SIGNATURE.length).equals(SIGNATURE);

/** What is wrong, as the rest of a sentence, or null. */
export function brokenHdf5(file: Parts): string | null {
  const at = superblockAt(file);
  if (at === null) return "isn't an HDF5 file";
  const block = file.read(at, SUPERBLOCK_BYTES);
  const version = block[8];
  if (version === undefined) return "is cut short in its superblock";
  const shape = SHAPES[version];
  if (shape === undefined) return null;
  if (version === 3 && ((block[11] ?? 0) & STILL_OPEN) !== 0) return "was never closed by its writer";
  const endAt = shape.addressesAt + 2 * 8;
  if (block.length < endAt + 8) return "is cut short in its superblock";
  // Addresses of another size than 8 bytes come from no program that trains.
  const end = block[shape.offsetSizeAt] === 8 ? block.readBigUInt64LE(endAt) : UNDEFINED;
  return end === UNDEFINED || end <= BigInt(file.bytes) ? null : `has ${file.bytes} bytes instead of ${end}`;
}

/** At 0, or behind a block of the user's: at 512 and its doubles. */
function superblockAt({ bytes, read }: Parts): number | null {
  for (let at = 0; at < bytes; at = at === 0 ? 512 : at * 2)
    if (isHdf5(read(at, SIGNATURE.length))) return at;
  return null;
}
