const typeNumbers = { A: 1, NS: 2, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 };

/** What a DNS server answers: records of one type for whatever was asked, or a code of refusal (3: no such name). */
export function dnsAnswer(question: Buffer, type: keyof typeof typeNumbers, records: Buffer[], code = 0): Buffer {
  const asked = question.subarray(12, endOfQuestion(question));
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  const answers = records.map((data) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // The name that was asked for.
    record.writeUInt16BE(typeNumbers[type], 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(60, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([head, asked, ...answers]);
}

/** The type that a question asks for. */
export function askedType(question: Buffer): number {
  return question.readUInt16BE(endOfQuestion(question) - 4);
}

/** A name, or a text, as records have it. */
export function labels(name: string): Buffer {
  return Buffer.concat([...name.split(".").map(text), Buffer.from([0])]);
}

export function text(piece: string): Buffer {
  return Buffer.concat([Buffer.from([piece.length]), Buffer.from(piece)]);
}

function endOfQuestion(question: Buffer): number {
  let at = 12;
  while ((question[at] ?? 0) !== 0) at += 1 + (question[at] ?? 0);
  return at + 5;
}
