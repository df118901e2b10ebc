import { lintCases } from "./lintCases.ts";
import { localSubject } from "./localSubject.ts";

lintCases(localSubject("dbt111"));
