import { compileNodeCases } from "./compileNodeCases.ts";
import { localSubject } from "./localSubject.ts";

compileNodeCases(localSubject("dbt111"));
compileNodeCases(localSubject("dbt18"));
