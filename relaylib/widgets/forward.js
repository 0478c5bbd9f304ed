// A recurrent network and its readout, step by step: PyTorch's equations, weight names and gate order.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** sums = bias + matrix @ vector; a matrix holds one row per sum. */
function affine(matrix, bias, vector, sums) {
  const width = vector.length;
  for (let row = 0; row < sums.length; row++) {
    let sum = bias[row];
    for (let column = 0; column < width; column++) sum += matrix[row * width + column] * vector[column];
    sums[row] = sum;
  }
}

/** The state after one more step, in place: x and r are the sums over input and recurrent nodes. */
const STEP = {
  RNN(x, r, hidden) {
    for (let node = 0; node < hidden.length; node++) hidden[node] = Math.tanh(x[node] + r[node]);
  },
  GRU(x, r, hidden) {
    const n = hidden.length;
    for (let node = 0; node < n; node++) {
      const reset = sigmoid(x[node] + r[node]);
      const update = sigmoid(x[n + node] + r[n + node]);
      const fresh = Math.tanh(x[2 * n + node] + reset * r[2 * n + node]);
      hidden[node] = (1 - update) * fresh + update * hidden[node];
    }
  },
  LSTM(x, r, hidden, cell) {
    const n = hidden.length;
    for (let node = 0; node < n; node++) {
      const into = sigmoid(x[node] + r[node]);
      const keep = sigmoid(x[n + node] + r[n + node]);
      const fresh = Math.tanh(x[2 * n + node] + r[2 * n + node]);
      const out = sigmoid(x[3 * n + node] + r[3 * n + node]);
      cell[node] = keep * cell[node] + into * fresh;
      hidden[node] = out * Math.tanh(cell[node]);
    }
  },
};

/**
 * What inputs (sequence, step, input) add to the sums of each gate, as (sequence, step, sum).
 *
 * It is half of the work and does not depend on the states: computed once per network.
 */
function sumInputs(weights, inputs, [nSequences, nSteps, nInputs]) {
  const width = weights.bias_ih.length;
  const sums = new Float64Array(nSequences * nSteps * width);
  for (let row = 0; row < nSequences * nSteps; row++) {
    const input = inputs.subarray(row * nInputs, (row + 1) * nInputs);
    affine(weights.weight_ih, weights.bias_ih, input, sums.subarray(row * width, (row + 1) * width));
  }
  return sums;
}

/**
 * Run sequences, given the sums of their inputs (sequence, step, sum), then blank steps up to nTimes.
 *
 * knocked[node] is the step after whose update the node's state is set to 0 (an LSTM's h and c),
 * or 0 for a node that is left alone. Returns {hidden, cell, outputs}, each laid out as (sequence,
 * time, node or concept); cell is zero for RNN and GRU.
 */
function forward(architecture, weights, inputSums, [nSequences, nSteps], nTimes, knocked) {
  const width = weights.bias_ih.length;
  const nConcepts = weights.readout_bias.length;
  const nNodes = weights.readout_weight.length / nConcepts;
  const recorded = (width) => new Float32Array(nSequences * nTimes * width);
  const run = { hidden: recorded(nNodes), cell: recorded(nNodes), outputs: recorded(nConcepts) };
  const [hidden, cell] = [new Float64Array(nNodes), new Float64Array(nNodes)];
  const blank = Float64Array.from(weights.bias_ih);
  const fromNodes = new Float64Array(width);
  const answer = new Float64Array(nConcepts);
  for (let sequence = 0; sequence < nSequences; sequence++) {
    hidden.fill(0);
    cell.fill(0);
    for (let time = 1; time <= nTimes; time++) {
      const start = (sequence * nSteps + time - 1) * width;
      const fromInput = time <= nSteps ? inputSums.subarray(start, start + width) : blank;
      affine(weights.weight_hh, weights.bias_hh, hidden, fromNodes);
      STEP[architecture](fromInput, fromNodes, hidden, cell);
      for (let node = 0; node < nNodes; node++) {
        if (knocked[node] === time) hidden[node] = cell[node] = 0;
      }
      affine(weights.readout_weight, weights.readout_bias, hidden, answer);
      const row = sequence * nTimes + time - 1;
      run.hidden.set(hidden, row * nNodes);
      run.cell.set(cell, row * nNodes);
      for (let concept = 0; concept < nConcepts; concept++) {
        run.outputs[row * nConcepts + concept] = Math.tanh(answer[concept]);
      }
    }
  }
  return run;
}
