const PATHS = {
  chat: "M12 3c5 0 9 3.4 9 7.7s-4 7.7-9 7.7c-.9 0-1.8-.1-2.6-.3L5 20.6l.8-3.6C4.100 15.600 3 13.300 3 10.700 3 6.400 7 3 12 3Z",
  close: "M6 6l12 12M18 6 6 18",
  send: "M4 12 20 4l-4.500 16-3.500-6.500L4 12Zm8 1.500L20 4",
  clip: "m20 11.500-8.300 8.300a5 5 0 0 1-7.100-7.100l8.800-8.800a3.300 3.300 0 0 1 4.700 4.700l-8.700 8.700a1.700 1.700 0 0 1-2.400-2.400l7.700-7.700",
  file: "M13 3H7a1.500 1.500 0 0 0-1.500 1.500v15A1.500 1.500 0 0 0 7 21h10a1.500 1.500 0 0 0 1.500-1.500V8.500L13 3Zm0 0v5.500h5.500",
  down: "m6 9.500 6 6 6-6",
  end: "M9 5H6a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h3M14 8l4 4-4 4M18 12H9",
} as const;

/** A line drawing in the colour of the text around it. It says nothing: whoever uses it has a label. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
