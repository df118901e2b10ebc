import { localSubject } from "./localSubject.ts";
import { verbCases } from "./verbCases.ts";

verbCases(localSubject("dbt111"));
