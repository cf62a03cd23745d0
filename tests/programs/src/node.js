// What node.sh runs in Windows' Node.js: files, JIT-compiled code, a worker thread, timers, a child on pipes.
const fs = require('fs'), os = require('os'), path = require('path');
const child_process = require('child_process'), crypto = require('crypto'), zlib = require('zlib');
const { Worker } = require('worker_threads');

console.log(process.platform, process.arch, os.EOL === '\r\n', path.sep);

fs.mkdirSync('tree/inner', { recursive: true });
for (let i = 0; i < 200; i++)
    fs.writeFileSync(`tree/inner/file${i}.txt`, `hello ${i}`);
console.log(fs.readdirSync('tree/inner').length, fs.statSync('tree/inner/file7.txt').size);

console.log(crypto.createHash('sha256').update('abc').digest('hex').slice(0, 16),
            zlib.gunzipSync(zlib.gzipSync('zipped')).toString());

let sum = 0;
for (let i = 0; i < 1e7; i++)
    sum = (sum + i * i) % 1000003;
console.log(sum);

let kept = [];
for (let i = 0; i < 300000; i++)    // garbage collections, concurrent ones too
    kept[i % 1000] = { text: 'x'.repeat(i % 100), number: i };
console.log(kept.length);

function worker() {
    return new Promise((resolve, reject) => {
        const thread = new Worker('require("worker_threads").parentPort.postMessage(6 * 7)', { eval: true });
        thread.on('message', resolve).on('error', reject);
    });
}

function child() {
    return new Promise((resolve, reject) => {
        const source = 'process.stdin.on("data", d => process.stdout.write("got " + d));' +
                       'process.stdin.on("end", () => process.exit(9))';
        const started = child_process.spawn(process.execPath, ['-e', source]);
        let output = '';

        started.stdout.on('data', data => output += data);
        started.stderr.on('data', data => output += data);
        started.on('error', reject).on('close', code => resolve(`${output} ${code}`));
        started.stdin.end('a line');
    });
}

(async () => {
    console.log('worker', await worker());
    console.log('child', await child());
    fs.rmSync('tree', { recursive: true });
    console.log(fs.existsSync('tree'));
})();
