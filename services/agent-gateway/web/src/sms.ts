// How many SMS a text makes, counted as the services count it: one table of cases holds both. Source: 3GPP TS 23.038, the default alphabet.

const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENSION = new Set("\f^{}\\[~]|€");

export type Alphabet = "GSM-7" | "UCS-2";

export interface Segments {
  readonly alphabet: Alphabet;
  readonly count: number;
  /** Characters that the last segment still takes. */
  readonly left: number;
}

/** The segments of a text as it would be sent: 7-bit when every character is in the GSM alphabet, else UTF-16. Nothing written is one segment. */
export function segmentsOf(text: string): Segments {
  const characters = [...text];
  if (characters.every((each) => BASIC.has(each) || EXTENSION.has(each)))
    return { alphabet: "GSM-7", ...counted(characters.map((each) => (EXTENSION.has(each) ? 2 : 1)), 160, 153) };
  return { alphabet: "UCS-2", ...counted(characters.map((each) => each.length), 70, 67) };
}

/** A character of two units never straddles two segments, so one unit of the former may stay unused. */
function counted(sizes: readonly number[], single: number, several: number): { readonly count: number; readonly left: number } {
  const units = sizes.reduce((sum, each) => sum + each, 0);
  if (units <= single) return { count: 1, left: single - units };
  let [count, used] = [1, 0];
  for (const size of sizes) {
    if (used + size > several) [count, used] = [count + 1, 0];
    used += size;
  }
  return { count, left: several - used };
}
