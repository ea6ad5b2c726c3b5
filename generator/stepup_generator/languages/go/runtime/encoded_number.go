package stepupmfa

import "math"

func jsonNumber(value float64, constraints ...constraint[float64]) encoded {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return invalid("expected a number")
	}
	return encoded{json: value, problem: violated(value, constraints)}
}
