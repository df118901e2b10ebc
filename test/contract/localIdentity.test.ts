import { identityCases } from "./identityCases.ts";
import { localSubject } from "./localSubject.ts";

identityCases(localSubject("dbt111"));
