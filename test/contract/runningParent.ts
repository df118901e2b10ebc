/** A process that runs the model "slow" of the project in argv, and waits to be killed. */
import { shopPassword } from "../harness/postgres.ts";
import { localSubject } from "./localSubject.ts";

const projectDir = process.argv[2]!;
const made = localSubject("postgres").make({ env: { SHOP_PASSWORD: shopPassword } });
void made.plugin.runModels({ projectDir, profilesDir: projectDir }, { select: "slow" });
