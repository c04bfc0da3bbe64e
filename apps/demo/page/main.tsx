import { render } from "preact";
import { App } from "./app.js";
import { connect } from "./core/live.js";

const root = document.getElementById("app");
if (root) render(<App />, root);
connect();
