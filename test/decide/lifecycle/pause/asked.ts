/** What the tests of a pause start from: a job that was asked to pause at second 100, and a checkpoint of its own. */
import { at, makeCheckpoint, runningJob, Story } from "../../make.ts";

export const asked = (spec = {}, facts = {}): Story => new Story(runningJob(spec, facts)).pause(100);
export const save = (step: number, second: number) => ({ checkpoints: [makeCheckpoint(step, at(second))] });
