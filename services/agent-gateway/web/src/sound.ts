// A short two-tone sound for a new offer, made here, and whether the person wants it.

import { signal } from "@preact/signals";

const STORED = "standardiste.sound";
export const isSoundOn = signal(read());
let context: AudioContext | undefined;

export function beep(): void {
  if (!isSoundOn.value || typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  for (const [delay, hertz] of [
    [0, 660],
    [0.14, 880],
  ] as const) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const at = context.currentTime + delay;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.13);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.14);
  }
}

export function toggleSound(): void {
  isSoundOn.value = !isSoundOn.value;
  try {
    localStorage.setItem(STORED, isSoundOn.value ? "on" : "off");
  } catch {
    // The choice then holds for this page.
  }
}

function read(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}
