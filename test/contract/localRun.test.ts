import { runCases } from "./runCases.ts";
import { localSubject } from "./localSubject.ts";

runCases(localSubject("dbt111"));
