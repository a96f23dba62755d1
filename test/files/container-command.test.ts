/** Where the image stands among the words of an engine's `run`, which options come before it, and what is no run. */
import { expect, test } from "vitest";
import { containerCommandOf, hasOption } from "../../src/files/container-command.ts";

const read = (line: string) => containerCommandOf({ command: line.split(" ") });

test.each([
  ["podman run box", [], [], ["box"]],
  [
    "podman --log-level info run -v a:b -it --name x --rm box sh -c true",
    ["--log-level", "info"],
    ["-v", "a:b", "-it", "--name", "x", "--rm"],
    ["box", "sh", "-c", "true"],
  ],
  [
    "/usr/bin/docker -H unix:///s container run --gpus=all -e A box -e B",
    ["-H", "unix:///s", "container"],
    ["--gpus=all", "-e", "A"],
    ["box", "-e", "B"],
  ],
  ["docker run -itv /a:/b -p80:80 box", [], ["-itv", "/a:/b", "-p80:80"], ["box"]],
  ["podman run --rootfs /r python -d", [], ["--rootfs"], ["/r", "python", "-d"]],
  ["podman run --rm -- box -x", [], ["--rm", "--"], ["box", "-x"]],
])("%s", (line, before, options, rest) => {
  expect(read(line)).toMatchObject({ before, options, rest });
});

test.each([
  "podman ps",
  "docker exec box sh",
  "docker compose run web",
  "python run",
  "podman",
  "sh -c podman",
])("%s starts no container that can be supervised", (line) => expect(read(line)).toBeNull());

test("a job's container is the same command as one that is written out", () => {
  const asked = containerCommandOf({
    command: ["python", "-d"],
    container: { engine: "docker", image: "box", options: ["--init"] },
  });
  expect(asked).toEqual({ ...read("docker run --init box python -d"), program: "docker" });
});

test.each([
  ["-d", true],
  ["-itd", true],
  ["--detach=true", true],
  ["-vd:/d", false],
  ["-e -d", false],
  ["--name --detach", false],
  ["--detach-keys=x", false],
])("%s detaches: %s", (words, detaches) => {
  expect(hasOption(words.split(" "), "--detach", "d")).toBe(detaches);
});
