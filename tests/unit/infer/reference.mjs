// Runs the nets of the source libraries on one made-up picture each, in plain JavaScript, and writes
// what goes in and what comes out as float32 files: NAME.in (NHWC) and NAME.OUTPUT.out.
//
//     node reference.mjs PACKAGES FOLDER
import fs from 'node:fs';
import path from 'node:path';

const [packages, folder] = process.argv.slice(2);

// The bundles take the presence of `process` for a Node with their native parts; without it they use
// their JavaScript back end, which is all that is wanted here.
async function importBundle(file) {
  const kept = globalThis.process;
  Object.defineProperty(globalThis, 'process', { value: undefined, configurable: true, writable: true });
  try {
    return await import(path.resolve(packages, file));
  } finally {
    globalThis.process = kept;
  }
}

// What the bundle would have got from a browser.
async function start(tf) {
  tf.env().setPlatform('plain', {
    fetch: () => Promise.reject(new Error('no network')),
    now: () => Date.now(),
    encode: (text) => new TextEncoder().encode(text),
    decode: (bytes) => new TextDecoder().decode(bytes),
    isTypedArray: (value) => ArrayBuffer.isView(value),
  });
  await tf.setBackend('cpu');
}

// A smooth picture with detail, 0 to 255, the same on every machine.
function picture(side, channels) {
  const numbers = new Float32Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let c = 0; c < channels; c++) {
        const wave = Math.sin(x * 0.11 + c) + Math.cos(y * 0.07 - c) + Math.sin((x + y) * 0.31);
        numbers[(y * side + x) * channels + c] = Math.round(127 + 40 * wave);
      }
    }
  }
  return numbers;
}

function write(name, numbers) {
  fs.writeFileSync(path.join(folder, name), Buffer.from(Float32Array.from(numbers).buffer));
}

async function writeOutputs(name, outputs) {
  for (const [key, tensor] of Object.entries(outputs)) write(`${name}.${key}.out`, await tensor.data());
}

function readShard(file) {
  const bytes = fs.readFileSync(file);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

const faceapi = await importBundle('@vladmandic/face-api/dist/face-api.esm.js');
const { tf } = faceapi;
await start(tf);

function loadFaceApi(net, name) {
  const stem = path.join(packages, '@vladmandic/face-api/model', `${name}_model`);
  const manifest = JSON.parse(fs.readFileSync(`${stem}-weights_manifest.json`, 'utf8'));
  net.loadFromWeightMap(tf.io.decodeWeights(readShard(`${stem}.bin`), manifest[0].weights));
  return net;
}

const nets = [
  ['tiny_face_detector', 224, new faceapi.TinyFaceDetector(), (net, input) => ({ cells: net.forwardInput(input, 224) })],
  ['face_landmark_68', 112, new faceapi.FaceLandmark68Net(), (net, input) => ({ points: net.runNet(input) })],
  ['face_expression', 112, new faceapi.FaceExpressionNet(), (net, input) => ({ expressions: net.forwardInput(input) })],
  ['age_gender', 112, new faceapi.AgeGenderNet(), (net, input) => net.forwardInput(input)],
  ['face_recognition', 150, new faceapi.FaceRecognitionNet(), (net, input) => ({ descriptors: net.forwardInput(input) })],
  ['ssd_mobilenetv1', 512, new faceapi.SsdMobilenetv1(), (net, input) => {
    const { boxes, scores } = net.forwardInput(input);
    return { boxes: boxes[0], scores: scores[0] };
  }],
];

for (const [name, side, net, run] of nets) {
  const numbers = picture(side, 3);
  write(`${name}.in`, numbers);
  const input = new faceapi.NetInput([tf.tensor4d(numbers, [1, side, side, 3])]);
  await writeOutputs(name, run(loadFaceApi(net, name), input));
}

const { default: Human } = await importBundle('@vladmandic/human/dist/human.esm.js');
const human = new Human({ backend: 'cpu', debug: false });
await start(human.tf);

// The mesh, whose reference is not among the stored ones.
const meshFile = path.join(packages, '@vladmandic/human/models/facemesh.json');
const topology = JSON.parse(fs.readFileSync(meshFile, 'utf8'));
const model = await human.tf.loadGraphModel({
  load: () => Promise.resolve({
    modelTopology: topology.modelTopology,
    weightSpecs: topology.weightsManifest[0].weights,
    weightData: readShard(meshFile.replace(/json$/, 'bin')),
    signature: topology.signature,
  }),
});
const scaled = picture(192, 3).map((number) => number / 255);
write('facemesh.in', scaled);
const [mesh, face] = model.execute(human.tf.tensor4d(scaled, [1, 192, 192, 3]), ['Identity_2', 'Identity_1']);
await writeOutputs('facemesh', { mesh, face });
