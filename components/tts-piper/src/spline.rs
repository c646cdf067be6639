//! The monotonic rational-quadratic spline of the duration model, inverted (Durkan et al. 2019, "Neural Spline Flows", arXiv:1906.04032, equations 6 to 8).
//!
//! Ten bins on [-5, 5], identity outside. Arithmetic is in double precision: durations are rounded up, and a lost bit could move a sound by a frame.

const BINS: usize = 10;
const BOUND: f64 = 5.0;
/// The smallest share of a bin, and the smallest slope at a knot.
const LEAST: f64 = 1e-3;

/// Numbers that describe one spline: widths, heights, slopes at the inner knots, all before normalisation.
pub(crate) const PARAMETERS: usize = 3 * BINS - 1;

/// The argument at which the spline described by `raw` has the value `y`.
pub(crate) fn inverse(y: f32, raw: &[f32; PARAMETERS]) -> f32 {
    let value = f64::from(y);
    if value.is_nan() || value.abs() > BOUND {
        return y;
    }
    let (widths, rest) = raw.split_at(BINS);
    let (heights, slopes) = rest.split_at(BINS);
    let (widths, heights) = (shares(widths), shares(heights));
    let mut x0 = -BOUND;
    let mut y0 = -BOUND;
    let mut slope = 1.0;
    for (bin, (width, height)) in widths.iter().zip(&heights).enumerate() {
        let next = slopes
            .get(bin)
            .map_or(1.0, |raw| LEAST + softplus(f64::from(*raw)));
        if value < y0 + height || bin + 1 == BINS {
            return inside(value - y0, *width, *height, slope, next, x0);
        }
        x0 += width;
        y0 += height;
        slope = next;
    }
    y
}

/// Solves for the position within one bin. `dy` is the height above its left knot.
fn inside(dy: f64, width: f64, height: f64, left: f64, right: f64, x0: f64) -> f32 {
    let delta = height / width;
    let bend = dy * (left + right - 2.0 * delta);
    let a = bend + height * (delta - left);
    let b = height * left - bend;
    let c = -delta * dy;
    let root = 2.0 * c / (-b - (b * b - 4.0 * a * c).max(0.0).sqrt());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the model works in single precision"
    )]
    let x = (root * width + x0) as f32;
    x
}

/// Softmax with a floor, scaled to the whole interval.
fn shares(raw: &[f32]) -> Vec<f64> {
    let top = raw.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = raw.iter().map(|v| f64::from(v - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "ten")]
    let free = 1.0 - LEAST * BINS as f64;
    powers
        .iter()
        .map(|p| (LEAST + free * p / sum) * 2.0 * BOUND)
        .collect()
}

fn softplus(v: f64) -> f64 {
    v.max(0.0) + (-v.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forward direction, written from equation 4 of the paper.
    fn forward(x: f64, raw: &[f32; PARAMETERS]) -> f64 {
        let (widths, heights) = (shares(&raw[..BINS]), shares(&raw[BINS..2 * BINS]));
        let slope = |knot: usize| {
            if knot == 0 || knot == BINS {
                1.0
            } else {
                LEAST + softplus(raw[2 * BINS + knot - 1].into())
            }
        };
        let (mut x0, mut y0, mut bin) = (-BOUND, -BOUND, 0);
        while bin + 1 < BINS && x >= x0 + widths[bin] {
            x0 += widths[bin];
            y0 += heights[bin];
            bin += 1;
        }
        let (xi, delta) = ((x - x0) / widths[bin], heights[bin] / widths[bin]);
        let above = heights[bin] * (delta * xi * xi + slope(bin) * xi * (1.0 - xi));
        y0 + above / (delta + (slope(bin + 1) + slope(bin) - 2.0 * delta) * xi * (1.0 - xi))
    }

    #[test]
    fn undoes_the_forward_direction() {
        let mut raw = [0.0; PARAMETERS];
        for (i, value) in raw.iter_mut().enumerate() {
            *value = ((i * 37 % 17) as f32 - 8.0) / 4.0;
        }
        for step in -49..=49 {
            let x = f64::from(step) / 10.0;
            let back = inverse(forward(x, &raw) as f32, &raw);
            assert!(
                (f64::from(back) - x).abs() < 1e-4,
                "{x} came back as {back}"
            );
        }
    }

    #[test]
    fn is_the_identity_outside_and_finite_everywhere() {
        let raw = [50.0; PARAMETERS];
        assert_eq!(inverse(7.5, &raw), 7.5);
        assert_eq!(inverse(-5.001, &raw), -5.001);
        assert!(inverse(f32::NAN, &raw).is_nan());
        for y in [-5.0, -0.1, 0.0, 4.999, 5.0] {
            let mut raw = [-80.0; PARAMETERS];
            raw[3] = 80.0;
            assert!(inverse(y, &raw).is_finite(), "{y}");
        }
    }
}
