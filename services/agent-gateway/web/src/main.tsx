import { render } from "preact";
import { App } from "./components/App/App.tsx";
import { listen } from "./shortcuts.ts";
import { start } from "./store.ts";
import "./styles/base.css";

listen();
const root = document.getElementById("desk");
if (root !== null) render(<App />, root);
void start();
