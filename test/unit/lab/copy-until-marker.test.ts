import assert from 'node:assert/strict';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { copyUntilMarker } from '../../../src/lab/copy-until-marker.js';
import { MarkerCutter } from '../../../src/lab/marker-cutter.js';

const MARKER = Buffer.from('\0abcd');
const never = new AbortController().signal;

describe('the cutter at a marker', () => {
  const cases: readonly [string, readonly string[], readonly string[], string][] = [
    ['nothing but the marker', ['\0abcd'], [''], ''],
    ['the marker after bytes', ['xy\0abcd'], ['xy'], ''],
    ['what follows the marker', ['xy\0abcdzz', 'more'], ['xy', ''], ''],
    ['a marker in two pieces', ['xy\0a', 'bcd'], ['xy', ''], ''],
    ['a marker byte by byte', ['x', '\0', 'a', 'b', 'c', 'd'], ['x', '', '', '', '', ''], ''],
    ['a beginning that is none', ['x\0ab', 'xy\0abcd'], ['x', '\0abxy'], ''],
    ['two beginnings', ['\0a\0a', 'bcd'], ['\0a', ''], ''],
    ['an end without a marker', ['x\0abc'], ['x'], '\0abc'],
  ];
  for (const [title, chunks, expected, rest] of cases) {
    it(`handles ${title}`, () => {
      const cutter = new MarkerCutter(MARKER);
      const given = chunks.map((chunk) => cutter.push(Buffer.from(chunk)).toString());
      assert.deepEqual(given, expected);
      assert.equal(cutter.flush().toString(), rest);
      assert.equal(cutter.ended, rest === '');
    });
  }
});

describe('the pump', () => {
  it('reports a target that fails', async () => {
    const target = new Writable({ write: (_chunk, _encoding, done) => done(new Error('gone')) });
    target.on('error', () => {});
    await assert.rejects(
      copyUntilMarker(Readable.from([Buffer.from('x')]), target, MARKER, never),
      {
        code: 'ERR_LAB_OUTPUT',
      },
    );
  });

  it('gives up on a target that takes nothing when it is told to', async () => {
    const stop = new AbortController();
    const target = new Writable({ write: () => stop.abort(new Error('enough')) });
    await assert.rejects(
      copyUntilMarker(Readable.from([Buffer.from('x')]), target, MARKER, stop.signal),
      {
        message: 'enough',
      },
    );
  });

  it('has one chunk on its way at a time and leaves the target open', async () => {
    let onItsWay = 0;
    const seen: string[] = [];
    const target = new Writable({
      highWaterMark: 1024,
      write(chunk: Buffer, _encoding, done) {
        onItsWay++;
        seen.push(`${chunk} ${onItsWay}`);
        setImmediate(() => {
          onItsWay--;
          done();
        });
      },
    });
    const source = Readable.from(['a', 'b', 'c\0abcd'].map((chunk) => Buffer.from(chunk)));
    await copyUntilMarker(source, target, MARKER, never);
    assert.deepEqual(seen, ['a 1', 'b 1', 'c 1']);
    assert.equal(target.writable, true);
  });

  it('passes on everything where the source ends without a marker', async () => {
    const target = new PassThrough();
    await copyUntilMarker(Readable.from([Buffer.from('x\0ab')]), target, MARKER, never);
    target.end();
    assert.equal(await text(target), 'x\0ab');
  });
});
