// How many SMS a text makes: 7-bit when every character is in the GSM alphabet, else 16-bit. Source: 3GPP TS 23.038.

const BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "^{}\\[~]|€\f";

export interface Segments {
  readonly segments: number;
  readonly left: number;
}

/** Segments, and how many characters still fit into the last. */
export function segmentsOf(text: string): Segments {
  const isGsm = [...text].every((each) => BASIC.includes(each) || EXTENDED.includes(each));
  const length = isGsm ? [...text].reduce((sum, each) => sum + (EXTENDED.includes(each) ? 2 : 1), 0) : text.length;
  const [one, many] = isGsm ? [160, 153] : [70, 67];
  const segments = length <= one ? 1 : Math.ceil(length / many);
  return { segments, left: (segments === 1 ? one : segments * many) - length };
}
