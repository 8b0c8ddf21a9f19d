# SPDX-License-Identifier: Apache-2.0
"""What tests/golden/run is made of."""
