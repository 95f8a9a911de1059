/* The passes of a training step that are not plain matrix products, in fp32, each over memory once.

   Every function works on rows or on heads that do not touch each other, so that the number of threads changes no bit,
   except where a comment says in which order parts are added. Vectors are those of the compiler (GCC, Clang): one
   source serves every processor. Shapes: N rows, B windows, T tokens of a window, D width, H heads, K dimensions of a
   head, M MLP width, V vocabulary; all arrays are dense and row by row. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#define TILE_ROWS 4
#elif defined(__AVX__)
#define LANES 8
#define TILE_ROWS 2
#else
#define LANES 4
#define TILE_ROWS 4
#endif

typedef float vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t integers __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vector load(const float *from) { return *(const vector *)from; }
INLINE void store(float *to, vector values) { *(vector *)to = values; }
INLINE vector all(float value) { return (vector){0} + value; }

INLINE float sum_of(vector values) {
    float sum = 0.0f;
    for (int lane = 0; lane < LANES; lane++) sum += values[lane];
    return sum;
}

INLINE float largest_of(vector values) {
    float largest = values[0];
    for (int lane = 1; lane < LANES; lane++) largest = values[lane] > largest ? values[lane] : largest;
    return largest;
}

INLINE vector choose(integers condition, vector yes, vector no) {
    return (vector)(((integers)yes & condition) | ((integers)no & ~condition));
}

/* e to the power of each value, within 2 units in the last place for arguments in [-87, 88], clamped to these; the
   polynomial is that of the Cephes library. */
INLINE vector exponential(vector values) {
    values = choose(values < -87.0f, all(-87.0f), values);
    values = choose(values > 88.0f, all(88.0f), values);
    const float rounding = 12582912.0f; /* 1.5 * 2^23: adding it drops the fraction */
    vector power = (values * 1.44269504f + rounding) - rounding;
    vector rest = values - power * 0.693359375f;
    rest = rest + power * 2.12194440e-4f;
    vector series = all(1.9875691500e-4f);
    series = series * rest + 1.3981999507e-3f;
    series = series * rest + 8.3334519073e-3f;
    series = series * rest + 4.1665795894e-2f;
    series = series * rest + 1.6666665459e-1f;
    series = series * rest + 5.0000001201e-1f;
    series = series * rest * rest + rest + 1.0f;
    integers exponent = __builtin_convertvector(power, integers);
    return series * (vector)((exponent + 127) << 23);
}

INLINE long rounded_up(long value, long unit) { return (value + unit - 1) / unit * unit; }

/* ---- transposes ----------------------------------------------------------------------------------------------- */

/* to, shape (num_columns, num_rows), becomes the transpose of from, by squares that stay in the fastest cache. */
void transpose(const float *from, float *to, long num_rows, long num_columns, int num_threads) {
    enum { SIDE = 16 };
#pragma omp parallel for num_threads(num_threads) if (num_threads > 1)
    for (long column = 0; column < num_columns; column += SIDE) {
        for (long row = 0; row < num_rows; row += SIDE) {
            float square[SIDE][SIDE];
            if (row + SIDE <= num_rows && column + SIDE <= num_columns) {
                for (int i = 0; i < SIDE; i++)
                    memcpy(square[i], from + (row + i) * num_columns + column, sizeof square[i]);
                for (int j = 0; j < SIDE; j++)
                    for (int i = 0; i < SIDE; i++) to[(column + j) * num_rows + row + i] = square[i][j];
            } else {
                for (long j = column; j < num_columns && j < column + SIDE; j++)
                    for (long i = row; i < num_rows && i < row + SIDE; i++)
                        to[j * num_rows + i] = from[i * num_columns + j];
            }
        }
    }
}

/* ---- sums that become normalized ------------------------------------------------------------------------------ */

/* stream += addition (where there is one); normed = gain * stream / rms(stream). inverse_rms has N values. */
void add_rms_norm(const float *stream, const float *addition, const float *gain, float *added, float *normed,
                  float *inverse_rms, long num_rows, long width, float epsilon, int num_threads) {
#pragma omp parallel for num_threads(num_threads) if (num_threads > 1)
    for (long row = 0; row < num_rows; row++) {
        const float *x = stream + row * width;
        vector squares = all(0.0f);
        float rest = 0.0f;
        long i = 0;
        if (addition) {
            const float *y = addition + row * width;
            float *z = added + row * width;
            for (; i + LANES <= width; i += LANES) {
                vector sum = load(x + i) + load(y + i);
                store(z + i, sum);
                squares += sum * sum;
            }
            for (; i < width; i++) {
                z[i] = x[i] + y[i];
                rest += z[i] * z[i];
            }
            x = z;
        } else {
            for (; i + LANES <= width; i += LANES) squares += load(x + i) * load(x + i);
            for (; i < width; i++) rest += x[i] * x[i];
        }
        float scale = 1.0f / sqrtf((sum_of(squares) + rest) / (float)width + epsilon);
        inverse_rms[row] = scale;
        float *out = normed + row * width;
        for (i = 0; i + LANES <= width; i += LANES) store(out + i, load(x + i) * scale * load(gain + i));
        for (; i < width; i++) out[i] = x[i] * scale * gain[i];
    }
}

/* stream_gradient = added_gradient (where there is one) + what reaches the stream through the norm. gain_gradients has
   num_threads rows, one for each part of the rows; the caller adds them in their order. */
void add_rms_norm_backward(const float *added_gradient, const float *normed_gradient, const float *added,
                           const float *gain, const float *inverse_rms, float *stream_gradient, float *gain_gradients,
                           long num_rows, long width, int num_threads) {
#pragma omp parallel for num_threads(num_threads) if (num_threads > 1)
    for (long part = 0; part < num_threads; part++) {
        float *gain_gradient = gain_gradients + part * width;
        memset(gain_gradient, 0, sizeof(float) * width);
        for (long row = part * num_rows / num_threads; row < (part + 1) * num_rows / num_threads; row++) {
            const float *x = added + row * width;
            const float *dy = normed_gradient + row * width;
            const float *dz = added_gradient ? added_gradient + row * width : 0;
            float *dx = stream_gradient + row * width;
            float scale = inverse_rms[row], rest = 0.0f;
            vector products = all(0.0f);
            long i = 0;
            for (; i + LANES <= width; i += LANES) {
                vector through = load(dy + i) * load(x + i);
                products += through * load(gain + i);
                store(gain_gradient + i, load(gain_gradient + i) + through * scale);
            }
            for (; i < width; i++) {
                rest += dy[i] * x[i] * gain[i];
                gain_gradient[i] += dy[i] * x[i] * scale;
            }
            float pull = (sum_of(products) + rest) * scale * scale * scale / (float)width;
            for (i = 0; i + LANES <= width; i += LANES) {
                vector gradient = load(dy + i) * load(gain + i) * scale - load(x + i) * pull;
                if (dz) gradient += load(dz + i);
                store(dx + i, gradient);
            }
            for (; i < width; i++) dx[i] = dy[i] * gain[i] * scale - x[i] * pull + (dz ? dz[i] : 0.0f);
        }
    }
}

/* ---- SwiGLU --------------------------------------------------------------------------------------------------- */

INLINE vector sigmoid(vector values) { return 1.0f / (1.0f + exponential(-values)); }

/* hidden = silu(gate) * up; gate_up has rows of M gates and M ups. */
void swiglu(const float *gate_up, float *hidden, long num_rows, long mlp_width, int num_threads) {
#pragma omp parallel for num_threads(num_threads) if (num_threads > 1)
    for (long row = 0; row < num_rows; row++) {
        const float *gate = gate_up + row * 2 * mlp_width, *up = gate + mlp_width;
        float *out = hidden + row * mlp_width;
        long i = 0;
        for (; i + LANES <= mlp_width; i += LANES)
            store(out + i, load(gate + i) * sigmoid(load(gate + i)) * load(up + i));
        for (; i < mlp_width; i++) out[i] = gate[i] * sigmoid(all(gate[i]))[0] * up[i];
    }
}

void swiglu_backward(const float *hidden_gradient, const float *gate_up, float *gate_up_gradient, long num_rows,
                     long mlp_width, int num_threads) {
#pragma omp parallel for num_threads(num_threads) if (num_threads > 1)
    for (long row = 0; row < num_rows; row++) {
        const float *gate = gate_up + row * 2 * mlp_width, *up = gate + mlp_width;
        const float *dh = hidden_gradient + row * mlp_width;
        float *dgate = gate_up_gradient + row * 2 * mlp_width, *dup = dgate + mlp_width;
        long i = 0;
        for (; i + LANES <= mlp_width; i += LANES) {
            vector g = load(gate + i), s = sigmoid(g), d = load(dh + i);
            store(dup + i, d * g * s);
            store(dgate + i, d * load(up + i) * s * (1.0f + g * (1.0f - s)));
        }
        for (; i < mlp_width; i++) {
            float g = gate[i], s = sigmoid(all(g))[0];
            dup[i] = dh[i] * g * s;
            dgate[i] = dh[i] * up[i] * s * (1.0f + g * (1.0f - s));
        }
    }
}

/* ---- cross entropy -------------------------------------------------------------------------------------------- */

/* losses[n] = log(sum of exp(logits[n])) - logits[n, targets[n]]; each row of logits becomes
   (softmax - indicator of the target) * gradient_scale. */
void cross_entropy_with_gradient(float *logits, const int64_t *targets, float *losses, long num_rows, long vocabulary,
                                 float gradient_scale, int num_threads) {
#pragma omp parallel for num_threads(num_threads) if (num_threads > 1)
    for (long row = 0; row < num_rows; row++) {
        float *x = logits + row * vocabulary;
        long i = 0;
        vector tops = all(-INFINITY);
        float top = -INFINITY;
        for (; i + LANES <= vocabulary; i += LANES) tops = choose(load(x + i) > tops, load(x + i), tops);
        for (; i < vocabulary; i++) top = x[i] > top ? x[i] : top;
        float most = largest_of(tops);
        top = most > top ? most : top;
        float target_logit = x[targets[row]], rest = 0.0f;
        vector sums = all(0.0f);
        for (i = 0; i + LANES <= vocabulary; i += LANES) {
            vector e = exponential(load(x + i) - top);
            store(x + i, e);
            sums += e;
        }
        for (; i < vocabulary; i++) {
            x[i] = exponential(all(x[i] - top))[0];
            rest += x[i];
        }
        float sum = sum_of(sums) + rest;
        /* A logit that is not a number has lost every comparison above; it comes back through its target or the sum. */
        losses[row] = logf(sum) + top - target_logit;
        float scale = gradient_scale / sum;
        for (i = 0; i + LANES <= vocabulary; i += LANES) store(x + i, load(x + i) * scale);
        for (; i < vocabulary; i++) x[i] *= scale;
        x[targets[row]] -= gradient_scale;
    }
}

/* ---- causal attention with rotary positions -------------------------------------------------------------------- */

/* out[r, 0 .. width) = sum over p in [begin, end) of a[r * a_row + p * a_step] * b[p * b_row ..] for TILE_ROWS rows;
   width is a whole number of vectors, four of them at a time. */
INLINE void tile(const int num_vectors, const float *a, long a_row, long a_step, const float *b, long b_row, long begin,
                 long end, float *out, long out_row) {
    vector sums[TILE_ROWS][4];
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < num_vectors; v++) sums[r][v] = all(0.0f);
    for (long p = begin; p < end; p++) {
        vector values[4];
        for (int v = 0; v < num_vectors; v++) values[v] = load(b + p * b_row + v * LANES);
        for (int r = 0; r < TILE_ROWS; r++) {
            float factor = a[r * a_row + p * a_step];
            for (int v = 0; v < num_vectors; v++) sums[r][v] += factor * values[v];
        }
    }
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < num_vectors; v++) store(out + r * out_row + v * LANES, sums[r][v]);
}

static void rows_times(const float *a, long a_row, long a_step, const float *b, long b_row, long begin, long end,
                       float *out, long out_row, long width) {
    for (long column = 0; column < width; column += 4 * LANES) {
        const float *b_part = b + column;
        float *out_part = out + column;
        switch ((width - column) / LANES) {
        case 1: tile(1, a, a_row, a_step, b_part, b_row, begin, end, out_part, out_row); break;
        case 2: tile(2, a, a_row, a_step, b_part, b_row, begin, end, out_part, out_row); break;
        case 3: tile(3, a, a_row, a_step, b_part, b_row, begin, end, out_part, out_row); break;
        default: tile(4, a, a_row, a_step, b_part, b_row, begin, end, out_part, out_row);
        }
    }
}

/* One head of one window, its rows padded with zeros to whole vectors both ways. */
typedef struct {
    long length, width, padded_length, padded_width;
    float *query, *key, *value, *key_transposed, *value_transposed, *output_gradient, *query_gradient, *key_gradient,
        *value_gradient, *weights, *score_gradients;
    float *memory;
} head;

static head head_of(long length, long width, int is_backward) {
    head h = {.length = length, .width = width};
    h.padded_length = rounded_up(length, LANES), h.padded_width = rounded_up(width, LANES);
    long rows = h.padded_length * h.padded_width, square = h.padded_length * h.padded_length;
    long size = is_backward ? 9 * rows + 2 * square : 4 * rows + TILE_ROWS * h.padded_length;
    h.memory = aligned_alloc(64, rounded_up(sizeof(float) * size, 64));
    if (!h.memory) abort();
    memset(h.memory, 0, sizeof(float) * size);
    float *next = h.memory;
#define TAKE(name, amount) h.name = next, next += (amount)
    TAKE(query, rows), TAKE(key, rows), TAKE(value, rows), TAKE(key_transposed, rows);
    if (is_backward) {
        TAKE(value_transposed, rows), TAKE(output_gradient, rows), TAKE(query_gradient, rows), TAKE(key_gradient, rows);
        TAKE(value_gradient, rows), TAKE(weights, square), TAKE(score_gradients, square);
    } else
        TAKE(weights, TILE_ROWS * h.padded_length);
#undef TAKE
    return h;
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE
#endif
#endif

#ifdef HAS_SHUFFLE
/* Each value takes its neighbour's place. */
INLINE vector with_pairs_swapped(vector x) {
#if LANES == 16
    return __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#elif LANES == 8
    return __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6);
#else
    return __builtin_shufflevector(x, x, 1, 0, 3, 2);
#endif
}
#endif

/* Turn neighbouring pairs of dimensions by the angle of the row's position, or back (direction -1). */
static void rotate_rows(const float *from, long from_row, float *to, long to_row, const float *cosines,
                        const float *sines, long length, long width, float direction) {
    for (long t = 0; t < length; t++) {
        const float *x = from + t * from_row, *c = cosines + t * width, *s = sines + t * width;
        float *y = to + t * to_row;
        long k = 0;
#ifdef HAS_SHUFFLE
        vector signs;
        for (int lane = 0; lane < LANES; lane++) signs[lane] = lane % 2 ? direction : -direction;
        for (; k + LANES <= width; k += LANES)
            store(y + k, load(x + k) * load(c + k) + with_pairs_swapped(load(x + k)) * signs * load(s + k));
#endif
        for (; k < width; k += 2) {
            float even = x[k], odd = x[k + 1];
            y[k] = even * c[k] - direction * odd * s[k];
            y[k + 1] = odd * c[k] + direction * even * s[k];
        }
    }
}

static void copy_rows(const float *from, long from_row, float *to, long to_row, long length, long width) {
    for (long t = 0; t < length; t++) memcpy(to + t * to_row, from + t * from_row, sizeof(float) * width);
}

static void load_head(head *h, const float *qkv, long model_width, const float *cosines, const float *sines) {
    long row = 3 * model_width;
    rotate_rows(qkv, row, h->query, h->padded_width, cosines, sines, h->length, h->width, 1.0f);
    rotate_rows(qkv + model_width, row, h->key, h->padded_width, cosines, sines, h->length, h->width, 1.0f);
    copy_rows(qkv + 2 * model_width, row, h->value, h->padded_width, h->length, h->width);
    transpose(h->key, h->key_transposed, h->padded_length, h->padded_width, 1);
}

/* Scores of TILE_ROWS queries from `first` on against all keys up to the last of them, in whole vectors. */
INLINE long score_rows(const head *h, long first, float *scores, long scores_row) {
    long end = rounded_up(first + TILE_ROWS, LANES);
    rows_times(h->query + first * h->padded_width, h->padded_width, 1, h->key_transposed, h->padded_length, 0,
               h->padded_width, scores, scores_row, end);
    return end;
}

INLINE integers columns_up_to(long last, long column) {
    integers lanes;
    for (int lane = 0; lane < LANES; lane++) lanes[lane] = lane;
    return lanes + (int32_t)column <= (int32_t)last;
}

/* output: (B, T, H, K) as rows of D; log_sums: (B, H, T); qkv: rows of D queries, D keys and D values. */
void attention(const float *qkv, const float *cosines, const float *sines, float *output, float *log_sums,
               long num_windows, long length, long num_heads, long head_width, int num_threads) {
    long model_width = num_heads * head_width;
    float scale = 1.0f / sqrtf((float)head_width);
#pragma omp parallel num_threads(num_threads) if (num_threads > 1)
    {
        head h = head_of(length, head_width, 0);
        float *mixed = aligned_alloc(64, sizeof(float) * TILE_ROWS * h.padded_width);
        if (!mixed) abort();
#pragma omp for
        for (long index = 0; index < num_windows * num_heads; index++) {
            long window = index / num_heads, number = index % num_heads;
            load_head(&h, qkv + window * length * 3 * model_width + number * head_width, model_width, cosines, sines);
            float *out = output + window * length * model_width + number * head_width;
            for (long first = 0; first < length; first += TILE_ROWS) {
                long end = score_rows(&h, first, h.weights, h.padded_length);
                float inverse_sums[TILE_ROWS];
                for (long r = 0; r < TILE_ROWS; r++) {
                    float *row = h.weights + r * h.padded_length;
                    vector tops = all(-INFINITY), sums = all(0.0f);
                    for (long j = 0; j < end; j += LANES) {
                        vector score = choose(columns_up_to(first + r, j), load(row + j) * scale, all(-INFINITY));
                        store(row + j, score);
                        tops = choose(score > tops, score, tops);
                    }
                    float top = largest_of(tops);
                    for (long j = 0; j < end; j += LANES) {
                        vector weight = choose(columns_up_to(first + r, j), exponential(load(row + j) - top), all(0.0f));
                        store(row + j, weight);
                        sums += weight;
                    }
                    float sum = sum_of(sums);
                    inverse_sums[r] = 1.0f / sum;
                    if (first + r < length) log_sums[index * length + first + r] = top + logf(sum);
                }
                rows_times(h.weights, h.padded_length, 1, h.value, h.padded_width, 0, first + TILE_ROWS, mixed,
                           h.padded_width, h.padded_width);
                for (long r = 0; r < TILE_ROWS && first + r < length; r++)
                    for (long k = 0; k < head_width; k++)
                        out[(first + r) * model_width + k] = mixed[r * h.padded_width + k] * inverse_sums[r];
            }
        }
        free(mixed);
        free(h.memory);
    }
}

void attention_backward(const float *output_gradient, const float *output, const float *log_sums, const float *qkv,
                        const float *cosines, const float *sines, float *qkv_gradient, long num_windows, long length,
                        long num_heads, long head_width, int num_threads) {
    long model_width = num_heads * head_width;
    float scale = 1.0f / sqrtf((float)head_width);
#pragma omp parallel num_threads(num_threads) if (num_threads > 1)
    {
        head h = head_of(length, head_width, 1);
        long wide = h.padded_width, tall = h.padded_length;
#pragma omp for
        for (long index = 0; index < num_windows * num_heads; index++) {
            long window = index / num_heads, number = index % num_heads;
            long offset = window * length * model_width + number * head_width;
            long qkv_offset = window * length * 3 * model_width + number * head_width;
            load_head(&h, qkv + qkv_offset, model_width, cosines, sines);
            copy_rows(output_gradient + offset, model_width, h.output_gradient, wide, length, head_width);
            transpose(h.value, h.value_transposed, tall, wide, 1);
            for (long first = 0; first < length; first += TILE_ROWS) {
                float *weights = h.weights + first * tall, *changes = h.score_gradients + first * tall;
                long end = score_rows(&h, first, weights, tall);
                rows_times(h.output_gradient + first * wide, wide, 1, h.value_transposed, tall, 0, wide, changes, tall, end);
                for (long r = 0; r < TILE_ROWS; r++) {
                    long t = first + r;
                    float log_sum = t < length ? log_sums[index * length + t] : 0.0f, shared = 0.0f;
                    if (t < length)
                        for (long k = 0; k < head_width; k++)
                            shared += output[offset + t * model_width + k] * h.output_gradient[t * wide + k];
                    for (long j = 0; j < end; j += LANES) {
                        float *weight = weights + r * tall + j, *change = changes + r * tall + j;
                        vector w = choose(columns_up_to(t, j), exponential(load(weight) * scale - log_sum), all(0.0f));
                        store(weight, w);
                        store(change, w * (load(change) - shared) * scale);
                    }
                }
                rows_times(changes, tall, 1, h.key, wide, 0, first + TILE_ROWS, h.query_gradient + first * wide, wide,
                           wide);
            }
            for (long first = 0; first < length; first += TILE_ROWS) {
                rows_times(h.score_gradients + first, 1, tall, h.query, wide, first, rounded_up(length, TILE_ROWS),
                           h.key_gradient + first * wide, wide, wide);
                rows_times(h.weights + first, 1, tall, h.output_gradient, wide, first, rounded_up(length, TILE_ROWS),
                           h.value_gradient + first * wide, wide, wide);
            }
            float *gradient = qkv_gradient + qkv_offset;
            long row = 3 * model_width;
            rotate_rows(h.query_gradient, wide, gradient, row, cosines, sines, length, head_width, -1.0f);
            rotate_rows(h.key_gradient, wide, gradient + model_width, row, cosines, sines, length, head_width, -1.0f);
            copy_rows(h.value_gradient, wide, gradient + 2 * model_width, row, length, head_width);
        }
        free(h.memory);
    }
}
