import { keepsPauseContract } from "./pause-contract.ts";
import { typescript } from "./typescript.ts";

keepsPauseContract(typescript);
