// What deno.sh runs: files, a worker, a child process, a heap of two million objects.
interface Answer {
  value: number;
}
const answer: Answer = { value: 41 };
console.log(answer.value + 1, Deno.build.os, Deno.build.arch);

await Deno.writeTextFile("written.txt", "hällo");
const { size, isFile } = await Deno.stat("written.txt");
console.log(await Deno.readTextFile("written.txt"), size, isFile);
await Deno.rename("written.txt", "renamed.txt");
const names = [];
for await (const entry of Deno.readDir(".")) if (entry.isFile) names.push(entry.name);
console.log(names.includes("renamed.txt"), names.includes("written.txt"));
await Deno.remove("renamed.txt");

const code = "self.onmessage = (e) => { self.postMessage(e.data * 2); self.close(); };";
const worker = new Worker(URL.createObjectURL(new Blob([code])), { type: "module" });
console.log("worker", await new Promise((resolve) => {
  worker.onmessage = (event) => resolve(event.data);
  worker.postMessage(21);
}));

const child = new Deno.Command(Deno.execPath(), { args: ["eval", "console.log('child'); Deno.exit(7)"] });
const output = await child.output();
console.log(output.code, new TextDecoder().decode(output.stdout).trim());

const objects: { i: number }[] = [];
for (let i = 0; i < 2_000_000; i++) objects.push({ i });
console.log(objects.reduce((sum, object) => sum + object.i, 0));
