import { keepsCheckpointContract } from "./checkpoint-contract.ts";
import { typescript } from "./typescript.ts";

keepsCheckpointContract(typescript, 12);
