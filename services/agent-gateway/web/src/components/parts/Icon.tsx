// The few pictures the desk uses, drawn here. They are always beside words, so assistive technology passes them over.

const PATHS = {
  voice: "M6.5 4h3l1.5 4-2 1.5a11 11 0 0 0 5.500 5.500l1.500-2 4 1.500v3a2 2 0 0 1-2.200 2A17 17 0 0 1 4.500 6.200 2 2 0 0 1 6.500 4z",
  callback: "M6.5 4h3l1.5 4-2 1.5a11 11 0 0 0 5.500 5.500l1.500-2 4 1.500v3a2 2 0 0 1-2.200 2A17 17 0 0 1 4.500 6.200 2 2 0 0 1 6.500 4zM20 4l-5 5m0-4v4h4",
  chat: "M4 5h16v11H11l-5 4v-4H4zM8 9h8M8 12.500h5",
  sms: "M7 3h10v18H7zM10.500 18h3M7 15.500h10",
  social: "M12 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM5 20c0-4 3-6 7-6s7 2 7 6",
  email: "M3.500 6h17v12h-17zM4 6.500l8 6.500 8-6.500",
  other: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  sound: "M5 10v4h3l4 4V6l-4 4zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11",
  silent: "M5 10v4h3l4 4V6l-4 4zM16 10l4 4M20 10l-4 4",
  keyboard: "M3 7h18v11H3zM6.500 10.500h.01M10 10.500h.01M13.500 10.500h.01M17 10.500h.01M8 14.500h8",
  leave: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  file: "M8 12.500l5.500-5.500a2.500 2.500 0 0 1 3.500 3.500l-7.500 7.500a4 4 0 0 1-5.700-5.700L11 5",
  close: "M6 6l12 12M18 6L6 18",
  person: "M12 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM5 20c0-4 3-6 7-6s7 2 7 6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
