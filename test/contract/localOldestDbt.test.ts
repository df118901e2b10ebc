import { identityCases } from "./identityCases.ts";
import { lintCases } from "./lintCases.ts";
import { localSubject } from "./localSubject.ts";

/** The oldest minor that is supported. */
const oldest = localSubject("dbt18");
identityCases(oldest);
lintCases(oldest);
