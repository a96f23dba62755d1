/** Whether the system is about to sleep, as the tick asks it. */
export interface Sleep {
  /** True from the announcement until the system is awake again, or doesn't sleep after all. */
  readonly comes: boolean;
}
