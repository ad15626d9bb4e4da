// What the widget says, in French and English, both complete: the type checker holds every language to the same keys.

export type Language = "en" | "fr";

const en = {
  open: "Open the chat",
  close: "Close the chat",
  title: "Chat with us",
  greeting: "Hello! How can we help you?",
  placeholder: "Write a message…",
  placeholder_ended: "Write to start again…",
  message: "Your message",
  send: "Send",
  sending: "Sending…",
  sent: "Sent",
  read: "Read",
  not_sent: "Not sent",
  too_long: "This message is too long. Please shorten it.",
  you: "You",
  us: "Our team",
  log: "Conversation",
  waiting: "Thank you. Somebody will be with you in a moment.",
  position: "You are number {position} in line.",
  position_first: "You are next in line.",
  wait: "About {minutes} min.",
  wait_range: "Between {least} and {most} min.",
  joined: "{name} has joined.",
  typing: "{name} is writing…",
  with: "You are talking with {name}",
  ended: "The conversation is over. Thank you!",
  end: "End the conversation",
  end_sure: "End this conversation?",
  end_yes: "End it",
  end_no: "Go on",
  lost: "No connection. What you write is kept and sent as soon as it is back.",
  unavailable: "The chat cannot be reached right now. We keep trying.",
  busy: "One moment, please: messages are going out a little more slowly.",
  redacted: "This message was removed.",
  unread: "{count} unread",
  notice_requeued: "You were disconnected from our colleague. We are finding somebody else; you keep your place.",
  notice_wait: "Many people are writing to us right now. Thank you for your patience.",
  notice_closed: "We are closed right now.",
  form_intro: "A few words about you, and we begin.",
  form_start: "Start the chat",
  field_name: "Your name",
  field_email: "Your e-mail address",
  field_phone: "Your telephone number",
  field_subject: "What is it about?",
  required: "(required)",
  offline: "We are closed right now. Leave us a message: we answer by e-mail.",
  offline_send: "Leave the message",
  offline_sent: "Thank you! Your message is with us; we answer by e-mail.",
  not_taken: "That did not work. Please check what you wrote and try again.",
  attach: "Send a file",
  too_large: "This file is too large, or empty.",
  save: "Save {name}",
  transcript: "Have this conversation sent to you:",
  transcript_send: "Send",
  transcript_sent: "The conversation is on its way to your mailbox.",
} as const;

export type Key = keyof typeof en;

const fr: Readonly<Record<Key, string>> = {
  open: "Ouvrir la discussion",
  close: "Fermer la discussion",
  title: "Discutons",
  greeting: "Bonjour ! Comment pouvons-nous vous aider ?",
  placeholder: "Écrivez un message…",
  placeholder_ended: "Écrivez pour recommencer…",
  message: "Votre message",
  send: "Envoyer",
  sending: "Envoi…",
  sent: "Envoyé",
  read: "Lu",
  not_sent: "Non envoyé",
  too_long: "Ce message est trop long. Merci de le raccourcir.",
  you: "Vous",
  us: "Notre équipe",
  log: "Discussion",
  waiting: "Merci. Quelqu'un va vous répondre dans un instant.",
  position: "Vous êtes en position {position} dans la file.",
  position_first: "C'est bientôt à vous.",
  wait: "Environ {minutes} min.",
  wait_range: "Entre {least} et {most} min.",
  joined: "{name} a rejoint la discussion.",
  typing: "{name} écrit…",
  with: "Vous discutez avec {name}",
  ended: "La discussion est terminée. Merci !",
  end: "Terminer la discussion",
  end_sure: "Terminer cette discussion ?",
  end_yes: "Terminer",
  end_no: "Continuer",
  lost: "Pas de connexion. Ce que vous écrivez est gardé et sera envoyé dès son retour.",
  unavailable: "La discussion est injoignable pour le moment. Nous réessayons.",
  busy: "Un instant : les messages partent un peu plus lentement.",
  redacted: "Ce message a été retiré.",
  unread: "{count} non lus",
  notice_requeued: "La liaison avec notre collègue est coupée. Nous cherchons quelqu'un d'autre ; vous gardez votre place.",
  notice_wait: "Nous recevons beaucoup de messages en ce moment. Merci de votre patience.",
  notice_closed: "Nous sommes fermés pour le moment.",
  form_intro: "Quelques mots sur vous, et nous commençons.",
  form_start: "Commencer la discussion",
  field_name: "Votre nom",
  field_email: "Votre adresse e-mail",
  field_phone: "Votre numéro de téléphone",
  field_subject: "De quoi s'agit-il ?",
  required: "(obligatoire)",
  offline: "Nous sommes fermés pour le moment. Laissez-nous un message : nous répondons par e-mail.",
  offline_send: "Laisser le message",
  offline_sent: "Merci ! Votre message nous est parvenu ; nous répondons par e-mail.",
  not_taken: "Cela n'a pas fonctionné. Vérifiez votre saisie et réessayez.",
  attach: "Envoyer un fichier",
  too_large: "Ce fichier est trop volumineux, ou vide.",
  save: "Enregistrer {name}",
  transcript: "Recevoir cette discussion par e-mail :",
  transcript_send: "Envoyer",
  transcript_sent: "La discussion est en route vers votre messagerie.",
};

const CATALOGUES: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en, fr };

/** The notices of the router that the widget has words for; of any other it says that one must wait. */
const NOTICES: Readonly<Record<string, Key>> = { "agent_lost.requeued": "notice_requeued", "queue.closed": "notice_closed" };

export type Say = (key: Key, values?: Readonly<Record<string, string | number>>) => string;

/** Speaks one language. */
export function speaker(language: Language): Say {
  const catalogue = CATALOGUES[language];
  return (key, values = {}) => catalogue[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** The key of a notice's text. */
export function noticeKey(notice: string): Key {
  return NOTICES[notice] ?? "notice_wait";
}

/** The first of the wished languages that we speak. */
export function languageOf(...wished: readonly (string | null | undefined)[]): Language {
  for (const each of wished) {
    const short = (each ?? "").split("-")[0]?.toLowerCase();
    if (short === "en" || short === "fr") return short;
  }
  return "en";
}
