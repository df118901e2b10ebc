import { fusionSubject } from "./fusionSubject.ts";
import { identityCases } from "./identityCases.ts";

identityCases(fusionSubject);
