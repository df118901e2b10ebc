import { fusionSubject } from "./fusionSubject.ts";
import { runCases } from "./runCases.ts";

runCases(fusionSubject);
