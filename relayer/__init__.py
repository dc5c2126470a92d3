"""The relayer: one daemon that delivers messages, attests roots, proposes state roots and watches."""
