/** Small files as their own libraries wrote them, compressed. */
import { gunzipSync } from "node:zlib";

const of = (text: string): Buffer => gunzipSync(Buffer.from(text, "base64"));

/** Torch.save of PyTorch 1.13. */
export const torch = of(
  "H4sIAAAAAAACAwvwZmZhYODgYMAAvAyiDCWZeZX6KYkliXoF2TluToIMUeiggam2kCGCEag+sZAxuSS/KDlDL760JDOnmCu+KDWpNDMnJb4kNa84vyi+zIirkElDI4IdqLgYqDIxPbWQGaKFyyc/Lz0YIsZVyAI2z6CQNYIZSCcXlBayebOWFLIHejN4s7YWcngzthZydiYn5+fkpCaXZObnFXP5F6WkFqWmuGQml3AVcmkGFXKXFPIEFfIW6wV4s3Os4ExmXwg0CoQDcHqYm0EN4WF9AzcnJUzvYgCYZkYozQSlmaE0C5QGOUPGrz9HA8jWwOsMHgY5iDPKUouKgZ5zc5LC4w5jLpDJF+elhzJBbQ/wZgQ7AmY2sud5MWxDiWF0rcgO5kbR9hFZq74BukZk9/CgaKxgZEDxXYA3G5sOVE6OWReujhmNXgelLzHCwpMNlI4YGpgQ4R/gzcoG0cMMVg9RCwD84txG4gIAAA==",
);

/** Python's zipfile, with a comment that holds the end's signature. */
export const zip = of(
  "H4sIAAAAAAACAwvwZmYRYQCBoJ01sc77ly1mArJBmBuIk/Pz0jLT9bKK8/OqawO8GZlEmHErhoEGRgZUrQHerGwgIUYgtATS2kAsyAASVcjMU0hUSM7PzU3NKwEAhLxs14sAAAA=",
);

/** H5py 3.16 as it writes by default. */
export const hdf5v0 = of(
  "H4sIAAAAAAACA+v0cHHj5ZLiYgABDg4GFgYBBmTwHwokOFD5MPkEKM0IpTug9AommDgjWE4CKi4INR9dXUiQqytI9X80ALPHgAVCczCMgpEIPFwdA0B0BJQPS6UnmFDVlaOlRw8K7WVkYIWYxQjjQ1IyIyNEgA2qDkYzA+VBMoIK8gyQJKvAIM7BIF4PlWcFpmCQPBMTEyMkPUPMY2aEJW0JNBd0DKp4CPbzdwHlaFg+VGAeTZujYBQMbdBgDyQcgAiIG4B4gQMAlIUnMhgIAAA=",
);

/** H5py 3.16, libver v108. */
export const hdf5v2 = of(
  "H4sIAAAAAAACA+v0cHHj5ZLiYuLgYICB/1AgARUygIrvkF/7w9/DJYiJoYJJCFkhDHAxMTAyMLDxMAApxvLNMPM8GKgGJt545w92AtACRhEGBiZGRkY2qByMZhZhYBRUkGdgAfMUGMQ5GMTrgSxWoOuYuTiALmdmZIB6TQJm8AaGIQe0b4qtZxgFo2AUjIJRMArIBw32QMIBiIC4AYgXOAAAIvGENhgIAAA=",
);

/** H5py 3.16, libver v110. */
export const hdf5v3 = of(
  "H4sIAAAAAAACA+v0cHHj5ZLiYubgYICB/1AgARUygIpz7sn56+/hEsTEUMEkhKwQBriYGBgZGNh4GIAUY/lmmHkeDFQDE2+88wc7AWgBowgDAxMjIyMbVA5GM4swMAoqyDOwgHkKDOIcDOL1QBYr0HXMXBxAlzMzMkC9JgEzeAPDkAPaN8XWM4yCUTAKRsEoGAXkgwZ7IOEAREDcAMQLHABcQ5AOGAgAAA==",
);

/** H5py 3.16 behind a block of 512 bytes of the user. */
export const hdf5Behind = of(
  "H4sIAAAAAAACA2NgGAUjGXR6uLjxcklxgTkcHAwsDAIQCSYI9R8KJLhQ+TD9CVCaEUp3QOkVTDBxRrCcBFRcEGo+urqQIFdXkOr/aABmjwELhOYYjbIRCTxcHQNAdASUD02lDCeYUNWVo6VHDwrtZWRghZjFCONDUjIjI0SADaoORjMD5UEyggryDJAkq8AgzsEgXg+VZwWmYJA8ExMTIyQ9Q8xjZoQlbQk0F3QMqngI9vN3AeVoWD5UYB5Nm6NgFAxt0GAPJByACIgbgHiBAwC/1hD/GAoAAA==",
);

/** Safetensors 0.8: two tensors and metadata. */
export const safetensors = of(
  "H4sIAAAAAAACA5vAAAHVSvHxuakliSmJJYnx8UpW1Upp+UW5iSVKVkoFJUq1OkqJILGUksqCVKCQm7GRko5ScUYiiBdtFqujBNaXn5ZWnFpSDBQy0DEyiQXqSkLRZWiGpMtIxxhTn5GJjrFZbG2tAsRVDfZAwgGIgLgBiBc4MNggIADDfU4avAAAAA==",
);
