import { fusionSubject } from "./fusionSubject.ts";
import { compileCases } from "./compileCases.ts";

compileCases(fusionSubject);
