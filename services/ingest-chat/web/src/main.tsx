// The one script tag: <script src="https://…/chat/widget.js" data-page="…" async></script>. Optional: data-language, data-name, data-identity.

import { effect } from "@preact/signals";
import { render } from "preact";

import { Api } from "./api.ts";
import { Chat } from "./chat.ts";
import { inkOn } from "./colour.ts";
import { Widget } from "./components/Widget.tsx";
import { browserStore, Memory } from "./memory.ts";
import css from "./styles.css?inline";
import { languageOf } from "./texts.ts";

const HOST = "standardiste-chat";

function start(script: HTMLScriptElement, page: string): void {
  if (document.querySelector(HOST) !== null) return; // the tag twice on one page is one widget
  const language = languageOf(script.dataset["language"], document.documentElement.lang, ...navigator.languages);
  const chat = new Chat(
    new Api(new URL(script.src).origin, page),
    new Memory(page, browserStore()),
    language,
    script.dataset["name"] ?? null,
    script.dataset["identity"] ?? null,
  );
  const host = document.createElement(HOST);
  const root = host.attachShadow({ mode: "open" });
  dress(root);
  effect(() => {
    const accent = chat.state.page.value?.accent;
    if (accent !== undefined) {
      host.style.setProperty("--accent", accent);
      host.style.setProperty("--on-accent", inkOn(accent));
    }
  });
  render(<Widget chat={chat} />, root);
  document.body.append(host);
  chat.start();
}

/** Constructed styles need no exception in the page's content security policy; a style element is for browsers that know none. */
function dress(root: ShadowRoot): void {
  if ("adoptedStyleSheets" in root) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    return;
  }
  const style = document.createElement("style");
  style.textContent = css;
  (root as ShadowRoot).append(style);
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement) {
  const page = script.dataset["page"];
  if (page === undefined || page === "") console.error("standardiste: the script tag names no data-page");
  else if (document.body !== null) start(script, page);
  else document.addEventListener("DOMContentLoaded", () => start(script, page));
}
