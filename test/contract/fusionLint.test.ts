import { fusionSubject } from "./fusionSubject.ts";
import { lintCases } from "./lintCases.ts";

lintCases(fusionSubject);
