// Text on the tenant's colour: black or white, whichever can be read better (WCAG 2 contrast).

/** The ink for text on a #rrggbb ground. */
export function inkOn(ground: string): "#ffffff" | "#111111" {
  const light = luminance(ground);
  return 1.05 / (light + 0.05) >= (light + 0.05) / (luminance("#111111") + 0.05) ? "#ffffff" : "#111111";
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => linear(parseInt(colour.slice(at, at + 2), 16) / 255));
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function linear(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}
