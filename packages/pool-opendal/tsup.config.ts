import { library } from "@laila-tooling/tsup";

export default library();
