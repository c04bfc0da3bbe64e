// `node child.mjs SUBJECT LOAD DIRECTORY`: one round of one subject in a process of its own, as JSON.
import { workload } from "./workload.mjs";

const [subject = "", load = "", directory = ""] = process.argv.slice(2);
console.log(JSON.stringify(await workload(subject, load, directory)));
