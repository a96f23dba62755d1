/**
 * The one kernel that the WebAssembly backend lacks for training convolutions: the gradient of the
 * filter. Composed of operations that the backend has. Must give what the CPU backend gives, up to
 * rounding, for the convolutions of this job: stride 1, channels last, no dilation.
 */
import type * as Core from "@tensorflow/tfjs-core";

interface Attributes {
  strides: number | [number, number];
  pad: "same" | "valid" | number;
  filterShape: [number, number, number, number];
}

export function registerFilterGradient(tf: typeof Core): void {
  if (tf.getKernel("Conv2DBackpropFilter", "wasm")) return;
  tf.registerKernel({
    kernelName: "Conv2DBackpropFilter",
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as { x: Core.Tensor4D; dy: Core.Tensor4D };
      return tf.tidy(() => filterGradient(tf, x, dy, attrs as unknown as Attributes));
    },
  });
}

/**
 * d filter[i, j, in, out] = Σ over batch and places of x[place + (i, j), in] · dy[place, out]: for
 * every place in the filter one matrix product of the shifted input with the output's gradient.
 */
function filterGradient(
  tf: typeof Core,
  x: Core.Tensor4D,
  dy: Core.Tensor4D,
  attrs: Attributes,
): Core.Tensor {
  const [height, width, channelsIn, channelsOut] = attrs.filterShape;
  const info = tf.backend_util.computeConv2DInfo(x.shape, attrs.filterShape, attrs.strides, 1, attrs.pad);
  if (info.strideHeight !== 1 || info.strideWidth !== 1) throw new Error("only stride 1 is implemented");
  const { top, bottom, left, right } = info.padInfo;
  // Kernels get bare tensor information; operations want tensors.
  const input = tf.pad(asTensor(tf, x), [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]) as Core.Tensor4D;
  const gradient = tf.reshape(asTensor(tf, dy), [-1, channelsOut]) as Core.Tensor2D;
  const [batch, rows, columns] = dy.shape;
  const parts: Core.Tensor[] = [];
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const shifted = tf.slice(input, [0, i, j, 0], [batch, rows, columns, channelsIn]);
      // Transposed by itself: the backend multiplies transposed matrices in a slow loop.
      const across = tf.transpose(tf.reshape(shifted, [-1, channelsIn]));
      parts.push(tf.matMul(across as Core.Tensor2D, gradient));
    }
  }
  return tf.reshape(tf.stack(parts), attrs.filterShape);
}

function asTensor(tf: typeof Core, info: Core.TensorInfo): Core.Tensor {
  return info instanceof tf.Tensor ? info : tf.engine().makeTensorFromTensorInfo(info);
}
