const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/g;

/** Somebody's words, as text. In an agent's words web addresses can be followed; a visitor's stay as typed. */
export function Words({ text, isLinked }: { text: string; isLinked: boolean }) {
  if (!isLinked) return <>{text}</>;
  return (
    <>
      {text.split(LINK).map((part, index) =>
        index % 2 === 1 ? (
          <a href={part} target="_blank" rel="noopener noreferrer nofollow">
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </>
  );
}
