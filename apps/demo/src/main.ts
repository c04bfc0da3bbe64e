import { readFlags } from "./options.js";

// The SDK's notice that its next releases need Node 22 is for those who choose the Node: not part of this story.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

const flags = readFlags(process.argv.slice(2));
if (flags.mode === "web") {
  const { startDemo } = await import("./keeper/start.js");
  // At once: while Node takes itself down, another Ctrl-C would end it as if nothing had been cleared up.
  process.exit(await startDemo(flags));
} else {
  const { tellStory } = await import("./terminal/run.js");
  process.exitCode = await tellStory({ json: flags.mode === "json", endpoint: flags.endpoint });
}
