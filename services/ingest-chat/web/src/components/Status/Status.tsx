import type { Chat } from "../../chat.ts";
import type { Queue } from "../../state.ts";
import type { Say } from "../../texts.ts";

/** One line of what there is to know right now: no connection, the place in the queue, or that somebody will come. */
export function Status({ chat, say }: { chat: Chat; say: Say }) {
  const { link, isUnreachable, isBusy, queue, isWaiting } = chat.state;
  if (link.value === "lost") return <p class="status warning">{say(isUnreachable.value ? "unavailable" : "lost")}</p>;
  if (isBusy.value) return <p class="status warning">{say("busy")}</p>;
  if (queue.value !== null) return <p class="status">{placeOf(queue.value, say)}</p>;
  if (isWaiting.value) return <p class="status">{say("waiting")}</p>;
  return null;
}

function placeOf(queue: Queue, say: Say): string {
  const place = queue.position <= 1 ? say("position_first") : say("position", { position: queue.position });
  const wait = waitOf(queue, say);
  return wait === null ? place : `${place} ${wait}`;
}

function waitOf({ waitLeastMs, waitMostMs }: Queue, say: Say): string | null {
  if (waitLeastMs === undefined) return null;
  const least = minutes(waitLeastMs);
  const most = waitMostMs === undefined ? least : minutes(waitMostMs);
  return most > least ? say("wait_range", { least, most }) : say("wait", { minutes: least });
}

function minutes(ms: number): number {
  return Math.max(1, Math.ceil(ms / 60_000));
}
