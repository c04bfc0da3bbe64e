// `node --expose-gc child.mjs NAME ARGUMENT`: one measurement in a process of its own, as JSON.
import { childMeasurements } from "./child-measurements.mjs";

const [name = "", argument = ""] = process.argv.slice(2);
const measure = Object.hasOwn(childMeasurements, name) ? childMeasurements[name] : undefined;
if (!measure) throw new Error(`There is no measurement ${name}.`);
console.log(JSON.stringify(await measure(argument)));
