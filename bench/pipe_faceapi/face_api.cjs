// The peer: face-api on TensorFlow.js with the WebAssembly back end. Prints faces found and the CPU
// time in ms of each round: detection, landmarks and descriptor of every face of a raw RGB picture.
const fs = require('fs');
const path = require('path');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');

const [, , file, width, height, rounds] = process.argv;
const folderOf = (name) => path.dirname(require.resolve(`${name}/package.json`));

(async () => {
  wasm.setWasmPaths(path.join(folderOf('@tensorflow/tfjs-backend-wasm'), 'dist') + path.sep);
  await faceapi.tf.setBackend('wasm');
  await faceapi.tf.ready();
  const model = path.join(folderOf('@vladmandic/face-api'), 'model');
  await faceapi.nets.ssdMobilenetv1.loadFromDisk(model);
  await faceapi.nets.faceLandmark68Net.loadFromDisk(model);
  await faceapi.nets.faceRecognitionNet.loadFromDisk(model);
  const picture = faceapi.tf.tensor3d(fs.readFileSync(file), [Number(height), Number(width), 3], 'int32');
  const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 100 });
  const times = [];
  let faces = [];
  for (let round = -1; round < Number(rounds); round += 1) {
    const before = process.cpuUsage();
    faces = await faceapi.detectAllFaces(picture, options).withFaceLandmarks().withFaceDescriptors();
    const used = process.cpuUsage(before);
    if (round >= 0) times.push((used.user + used.system) / 1000);
  }
  console.log(JSON.stringify({ faces: faces.length, times_ms: times }));
})();
