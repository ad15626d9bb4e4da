// What the page holds and what a person can do. Components draw from the signals and call the verbs; only `apply` knows what events mean.

import { batch, computed, effect, signal } from "@preact/signals";
import { Api, ApiProblem, type Customer, type Me, type PastConversation, type Said } from "./api.ts";
import { Connection, type Answer, type Link } from "./connection.ts";
import { limitsOf, troubleOf, type Upload } from "./files.ts";
import { beep } from "./sound.ts";
import { apply, withMessages } from "./state/apply.ts";
import { type Desk, EMPTY, isCall, isMail, listed, noted, type Offer, selected, type Tone, type Work, withoutNotice, withWork } from "./state/desk.ts";
import type { Audience, Commands, CustomerId, CustomerSummary, InteractionId, Refusal, ServerFrame } from "./wire.ts";
import { hasWords, type Key, renamed, suggest } from "./words/index.ts";

const TOKEN = "standardiste.token";
const RENEW_BEFORE_MS = 6 * 60_000;
const RENEW_AGAIN_MS = 15_000;
const WRAP_UP_MORE_MS = 60_000;

/** Where the person is: not signed in (and why), signed in, or on the way. */
export type Where = { readonly at: "door"; readonly because?: Key | undefined } | { readonly at: "loading" } | { readonly at: "desk"; readonly me: Me };

/** What is being written for one interaction. */
export interface Draft {
  readonly mode: Audience;
  readonly reply: string;
  readonly note: string;
  readonly subject: string;
  readonly isSending: boolean;
  readonly files: readonly Upload[];
}

/** What of a conversation lies in the records: read so far, and from where on there is more. */
export interface Older {
  readonly state: "idle" | "loading" | "failed" | "complete";
  readonly cursor?: string | undefined;
}

export interface Record {
  readonly state: "loading" | "failed" | "there";
  readonly customer?: Customer;
  readonly past: readonly PastConversation[];
}

const NO_DRAFT: Draft = { mode: "customer", reply: "", note: "", subject: "", isSending: false, files: [] };

export const where = signal<Where>({ at: "loading" });
export const desk = signal<Desk>(EMPTY);
export const link = signal<Link>({ state: "connecting" });
/** The server's clock, in milliseconds; moves once a second. */
export const now = signal(Date.now());
export const drafts = signal<ReadonlyMap<InteractionId, Draft>>(new Map());
export const records = signal<ReadonlyMap<CustomerId, Record>>(new Map());
export const older = signal<ReadonlyMap<InteractionId, Older>>(new Map());
export const isHelpOpen = signal(false);
/** Whether the page is before the person's eyes, as far as a browser knows. */
const isVisible = signal(document.visibilityState === "visible");
/** The interaction for whose answer a template is being chosen. */
export const picking = signal<InteractionId | undefined>(undefined);

export const work = computed(() => listed(desk.value));
export const offers = computed<readonly Offer[]>(() => [...desk.value.offers.values()].sort((a, b) => a.offer.expires_at.localeCompare(b.offer.expires_at)));
export const current = computed<Work | undefined>(() => (desk.value.selected === undefined ? undefined : desk.value.work.get(desk.value.selected)));

let token = stored();
let renewAt = 0;
const api = new Api(() => token);
const connection = new Connection(`${location.origin.replace(/^http/, "ws")}/v1/agent/ws`, { link: linked, frame: framed, token: goodToken });

// ---- coming and going

/** Go on where this tab was, or show the door. */
export async function start(): Promise<void> {
  setInterval(tick, 1_000);
  effect(tellRead);
  document.addEventListener("visibilitychange", () => void (isVisible.value = document.visibilityState === "visible"));
  addEventListener("online", () => link.value.state === "waiting" && retry());
  if (token === "") where.value = { at: "door" };
  else await enter();
}

/** What sign-in came to: nothing more to do, a trouble to tell, or companies to choose from. */
export type SignInOutcome = { readonly trouble?: Key; readonly choices?: readonly string[] };

/** Sign in; who works for several companies says for which, and signs in again. */
export async function signIn(name: string, password: string, tenant: string | undefined): Promise<SignInOutcome> {
  try {
    const signedIn = await api.signIn(name, password, tenant);
    const choices = signedIn.memberships.map((each) => each.tenant);
    if (tenant === undefined && choices.length > 1) return { choices };
    keep(signedIn.token);
  } catch (problem) {
    return { trouble: SIGN_IN_PROBLEMS[problem instanceof ApiProblem ? problem.reason : "away"] ?? "signin.away" };
  }
  await enter();
  return {};
}

export function signOut(): void {
  connection.signOut();
  leave();
}

/** Try to connect now; also takes a desk over that was opened at another place. */
export function retry(): void {
  if (link.value.state !== "open" && where.value.at === "desk") connection.open();
}

async function enter(): Promise<void> {
  where.value = { at: "loading" };
  try {
    const me = await api.me();
    suggest(me.language);
    renamed.value = me.tenant?.words ?? {};
    where.value = { at: "desk", me };
    connection.open();
  } catch (problem) {
    const isOver = problem instanceof ApiProblem && problem.status === 401;
    leave(isOver ? "signin.expired" : "signin.away");
  }
}

function leave(because?: Key): void {
  keep("");
  batch(() => {
    where.value = { at: "door", because };
    desk.value = EMPTY;
    drafts.value = new Map();
    records.value = new Map();
    older.value = new Map();
  });
}

const SIGN_IN_PROBLEMS: { readonly [reason: string]: Key } = {
  bad_credential: "signin.wrong",
  invalid_field: "signin.wrong",
  too_many_requests: "signin.too_many",
};

// ---- the connection

function linked(to: Link): void {
  link.value = to;
  if (to.state === "closed" && where.value.at === "desk") leave("signin.expired");
}

function framed(frame: ServerFrame): void {
  const before = desk.value;
  const after = apply(before, frame, Date.now());
  batch(() => {
    desk.value = after;
    now.value = Date.now() + after.clockAhead;
  });
  if ([...after.offers.keys()].some((id) => !before.offers.has(id))) beep();
  for (const [id, each] of after.work) if (before.work.get(id)?.view.state !== each.view.state) arrived(each);
}

/** Work that has just become active: read what the records hold of it. */
function arrived(each: Work): void {
  if (each.view.conversation !== undefined && !older.value.has(each.view.id)) void readOlder(each.view.id);
}

async function goodToken(mustBeFresh: boolean): Promise<string | null> {
  if (!mustBeFresh) return token;
  try {
    keep((await api.freshToken()).token);
    return token;
  } catch (problem) {
    if (problem instanceof ApiProblem && problem.status === 401) return null;
    throw problem;
  }
}

function tick(): void {
  now.value = Date.now() + desk.value.clockAhead;
  const { tokenExpiresAt } = desk.value;
  if (link.value.state === "open" && tokenExpiresAt - now.value < RENEW_BEFORE_MS && now.value >= renewAt) void renew();
}

async function renew(): Promise<void> {
  renewAt = now.value + RENEW_AGAIN_MS;
  try {
    const { token: fresh, expires_at } = await api.freshToken();
    keep(fresh);
    connection.renew(fresh);
    desk.value = { ...desk.value, tokenExpiresAt: Date.parse(expires_at) };
    where.value = { at: "desk", me: await api.me() };
  } catch {
    // Tried again in a moment; if it never works the gateway closes with "token expired" and the door says so.
  }
}

// ---- what a person does

export function look(id: InteractionId): void {
  desk.value = selected(desk.value, id);
}

/** Look at the next or previous piece of work. */
export function move(by: 1 | -1): void {
  const ids = work.value.map((each) => each.view.id);
  const next = ids[(ids.indexOf(desk.value.selected ?? "") + by + ids.length) % ids.length];
  if (next !== undefined) look(next);
}

export function accept(offer: string): Promise<boolean> {
  return ask("offer.accept", { offer });
}

export function decline(offer: string): Promise<boolean> {
  return ask("offer.decline", { offer });
}

export function setStatus(status: string): Promise<boolean> {
  return ask("status.set", { status });
}

/** Hold what is active, resume what is held. */
export function toggleHold(one: Work): Promise<boolean> {
  if (!isInHand(one)) return Promise.resolve(false);
  const { view } = one;
  const data = { interaction: view.id, version: view.version };
  return view.state === "held" ? ask("interaction.resume", data) : ask("interaction.hold", data);
}

/** Whether something can be done with it now; between accepting and being active there is nothing to do yet. */
export function isInHand({ view }: Work): boolean {
  return view.state === "active" || view.state === "held";
}

/** Complete the conversation; in wrap-up, close it with its outcome. A choice of outcome under way is waited for: it moves the version. */
export async function finish({ view: { id } }: Work): Promise<boolean> {
  await choosing.get(id);
  const there = desk.value.work.get(id);
  if (there === undefined) return false;
  const { view, disposition } = there;
  if (!isInHand(there) && view.state !== "wrapping") return false;
  const data = { interaction: id, version: view.version, ...(disposition === undefined ? {} : { disposition }) };
  return view.state === "wrapping" ? ask("wrap-up.end", data) : ask("interaction.complete", data);
}

export function moreTime({ view }: Work): Promise<boolean> {
  return ask("wrap-up.extend", { interaction: view.id, version: view.version, by_ms: WRAP_UP_MORE_MS });
}

const choosing = new Map<InteractionId, Promise<boolean>>();

/** Choose the outcome; it goes to the router at once, so that it is there even if the wrap-up ends by itself. */
export function choose({ view }: Work, disposition: string): void {
  if (disposition === "") return;
  desk.value = withWork(desk.value, view.id, (each) => ({ ...each, disposition }));
  const asked = ask("disposition.set", { interaction: view.id, version: view.version, disposition });
  choosing.set(view.id, asked);
  void asked.then(() => choosing.get(view.id) === asked && choosing.delete(view.id));
}

export function draftOf(id: InteractionId): Draft {
  return drafts.value.get(id) ?? NO_DRAFT;
}

export function write(id: InteractionId, change: Partial<Draft>): void {
  drafts.value = new Map(drafts.value).set(id, { ...draftOf(id), ...change });
}

/** Send the draft; its text stays until the router has taken it. */
export async function send({ view }: Work): Promise<void> {
  const draft = draftOf(view.id);
  const text = (draft.mode === "internal" ? draft.note : draft.reply).trim();
  if (!canSend(draft)) return;
  write(view.id, { isSending: true });
  const attachments = draft.mode === "internal" ? [] : draft.files.flatMap((each) => each.attachment ?? []);
  const subject = isMail(view) && draft.mode === "customer" && draft.subject.trim() !== "" ? draft.subject.trim() : undefined;
  const isTaken = await ask("message.send", {
    interaction: view.id,
    audience: draft.mode,
    content: { text, attachments, ...(subject === undefined ? {} : { subject }) },
  });
  write(view.id, { isSending: false, ...(isTaken ? (draft.mode === "internal" ? { note: "" } : { reply: "", subject: "", files: [] }) : {}) });
}

/** Whether there is something to send, and nothing of it is still on its way or was not taken. */
export function canSend(draft: Draft): boolean {
  if (draft.isSending) return false;
  if (draft.mode === "internal") return draft.note.trim() !== "";
  return draft.files.every((each) => each.state === "there") && (draft.reply.trim() !== "" || draft.files.length > 0);
}

/** Put files beside an answer; each is on its way at once. What cannot be sent says why, and goes nowhere. */
export function attach({ view }: Work, files: readonly File[]): void {
  const limits = limitsOf(view, desk.value.fileBytesMax);
  if (limits === undefined) return;
  for (const file of files) {
    const present = draftOf(view.id).files;
    const key = crypto.randomUUID();
    const trouble = troubleOf(file.size, present, limits);
    const upload: Upload = { key, name: file.name, size: file.size, state: trouble === undefined ? "going" : "failed", share: 0, trouble };
    write(view.id, { mode: "customer", files: [...present, upload] });
    if (trouble === undefined) void put(view.id, key, file);
  }
}

/** Take a file out of the answer again. */
export function detach(id: InteractionId, key: string): void {
  write(id, { files: draftOf(id).files.filter((each) => each.key !== key) });
}

async function put(id: InteractionId, key: string, file: File): Promise<void> {
  const change = (fields: Partial<Upload>): void => write(id, { files: draftOf(id).files.map((each) => (each.key === key ? { ...each, ...fields } : each)) });
  try {
    const attachment = await api.putFile(id, file, (share) => change({ share }));
    const isSafe = attachment.state !== "refused";
    change(isSafe ? { state: "there", share: 1, attachment } : { state: "failed", trouble: "files.unsafe" });
  } catch (problem) {
    change({ state: "failed", trouble: problem instanceof ApiProblem && problem.reason === "too_large" ? "files.too_large" : "files.failed" });
  }
}

/** The last words of the customer that stand before the agent's eyes in a chat; nothing else shows the customer that it was read. */
const beheld = computed(() => {
  const work = current.value;
  if (!isVisible.value || link.value.state !== "open" || work?.view.channel !== "chat" || !isInHand(work)) return undefined;
  const last = work.messages.findLast((each) => each.author.kind === "customer");
  return last === undefined ? undefined : `${work.view.id} ${last.id}`;
});

/** Tell a chat customer that what he wrote was read: once, when it comes before the agent's eyes. */
function tellRead(): void {
  const [interaction, message] = beheld.value?.split(" ") ?? [];
  if (interaction !== undefined && message !== undefined) void connection.command("reading.show", { interaction, message });
}

let typedAt = 0;

/** Tell a chat customer that somebody writes, now and then. */
export function typing({ view }: Work): void {
  if (view.channel !== "chat" || view.state !== "active" || Date.now() - typedAt < 4_000) return;
  typedAt = Date.now();
  void connection.command("typing.show", { interaction: view.id });
}

export function dismiss(id: string): void {
  desk.value = withoutNotice(desk.value, id);
}

export function tell(tone: Tone, key: Key, parameters: Readonly<{ [name: string]: string }> = {}): void {
  desk.value = noted(desk.value, { id: `${key} ${Date.now()}`, tone, key, parameters });
}

/** Ask the router; a no is told in words. */
export async function ask<N extends keyof Commands>(type: N, data: Commands[N]): Promise<boolean> {
  const answer: Answer = await connection.command(type, data);
  if (answer.is === "refused") {
    const key = `refusal.${answer.reason}`;
    tell("warning", hasWords(key) ? key : "refusal.other", { reason: answer.reason });
  }
  if (answer.is === "unsent") tell("warning", "refusal.unsent");
  return answer.is === "done";
}

// ---- what the records hold

/** Read the conversation's earlier messages, a page further back each time. */
export async function readOlder(id: InteractionId): Promise<void> {
  const view = desk.value.work.get(id)?.view;
  const so_far = older.value.get(id);
  if (view?.conversation === undefined || so_far?.state === "loading" || so_far?.state === "complete") return;
  const set = (to: Older): void => void (older.value = new Map(older.value).set(id, to));
  set({ state: "loading", cursor: so_far?.cursor });
  try {
    const page = await api.messages(view.conversation, so_far?.cursor, desk.value.seq);
    desk.value = withWork(desk.value, id, (each) => withMessages(each, page.items));
    const cursor = page.next ?? undefined;
    set({ state: cursor === undefined ? "complete" : "idle", cursor });
  } catch {
    set({ state: "failed", cursor: so_far?.cursor });
  }
  if (view.customer !== undefined) void readCustomer(view.customer);
}

/** What is known of the customer of a piece of work: the record once it is read, before that what came with the offer. */
export function customerOf({ view, customer }: Work): Customer | CustomerSummary | undefined {
  return (view.customer === undefined ? undefined : records.value.get(view.customer)?.customer) ?? customer;
}

/** Read a customer's record, once; `again` after it failed. */
export async function readCustomer(id: CustomerId, again = false): Promise<void> {
  const former = records.value.get(id);
  if (former !== undefined && !(again && former.state === "failed")) return;
  const set = (to: Record): void => void (records.value = new Map(records.value).set(id, to));
  set({ state: "loading", past: [] });
  try {
    const customer = await api.customer(id);
    const past = await api.conversationsOf(id).catch(() => ({ items: [] }));
    set({ state: "there", customer, past: past.items });
  } catch {
    set({ state: "failed", past: [] });
  }
}

/** Why a way to a customer is closed; undefined when it is open. */
export async function permissionOf(address: Said["address"], purpose: string): Promise<Refusal | undefined> {
  const { may_contact, reason } = await api.permission(address, purpose);
  return may_contact ? undefined : (reason ?? "not_permitted_now");
}

export async function record(said: Said): Promise<void> {
  await api.consent(said);
}

export function readBlob(name: string): Promise<Blob> {
  return api.blob(name);
}

export { isCall, isMail };

function keep(fresh: string): void {
  token = fresh;
  try {
    if (fresh === "") sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, fresh);
  } catch {
    // Without storage a reload asks to sign in again.
  }
}

function stored(): string {
  try {
    return sessionStorage.getItem(TOKEN) ?? "";
  } catch {
    return "";
  }
}
