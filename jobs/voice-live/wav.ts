/**
 * The header of a WAV file, read and written. Only the sound that RNNoise was trained on is taken:
 * 48 kHz, mono, 16-bit PCM.
 */
import { Unusable } from "./unusable.ts";

export const RATE = 48_000;
export const BYTES_PER_SAMPLE = 2;
export const HEADER_BYTES = 44;

export interface Sound {
  /** Where the samples begin in the file. */
  offset: number;
  /** Bytes of sound that the header promises; null where the program that writes it didn't know yet. */
  bytes: number | null;
}

/** Programs that write into a pipe, or haven't finished, leave such sizes. */
const isUnknown = (bytes: number): boolean => bytes === 0 || bytes >= 0x7fff_0000;

/**
 * @param head the first bytes of the file
 * @returns null while the header isn't complete
 * @throws Unusable, saying everything that is wrong with it
 */
export function readHeader(head: Buffer, name: string): Sound | null {
  const is = (at: number, tag: string): boolean => tag.startsWith(head.toString("latin1", at, at + 4));
  if (!is(0, "RIFF") || !is(8, "WAVE")) throw new Unusable(`${name} isn't a WAV file`);
  let known = false;
  for (let at = 12; at + 8 <= head.length; ) {
    const bytes = head.readUInt32LE(at + 4);
    if (is(at, "data")) {
      if (!known) throw new Unusable(`${name} is damaged: its sound comes before its format`);
      return { offset: at + 8, bytes: isUnknown(bytes) ? null : bytes };
    }
    if (is(at, "fmt ")) {
      if (at + 24 > head.length) return null;
      checkFormat(head.subarray(at + 8), name);
      known = true;
    }
    at += 8 + bytes + (bytes % 2);
  }
  return null;
}

function checkFormat(format: Buffer, name: string): void {
  const [tag, channels, rate] = [format.readUInt16LE(0), format.readUInt16LE(2), format.readUInt32LE(4)];
  const bits = format.readUInt16LE(14);
  const wrong = [
    ...(tag === 1 ? [] : [`is encoded (format ${tag})`]),
    ...(rate === RATE ? [] : [`has ${rate} Hz`]),
    ...(channels === 1 ? [] : [`has ${channels} channels`]),
    ...(bits === 16 ? [] : [`has ${bits} bits`]),
  ];
  if (wrong.length === 0) return;
  throw new Unusable(
    `${name} ${wrong.join(", ")}; it must be 48000 Hz, mono, 16-bit PCM: sox ${name} -r 48000 -c 1 -b 16 -e signed out.wav`,
  );
}

/** @param bytes of sound; a file of more than 4 GiB says the most that the format can say */
export function wavHeader(bytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0);
  header.writeUInt32LE(Math.min(0xffff_ffff, HEADER_BYTES - 8 + bytes), 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // mono
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * BYTES_PER_SAMPLE, 28);
  header.writeUInt16LE(BYTES_PER_SAMPLE, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(Math.min(0xffff_ffff, bytes), 40);
  return header;
}
