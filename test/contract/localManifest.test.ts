import { localSubject } from "./localSubject.ts";
import { manifestCases } from "./manifestCases.ts";

manifestCases(localSubject("dbt111"));
