import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relocatedMakefile } from '../../../src/lab/kernel-headers.js';

const beside = '$(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)/';

test("the headers' makefile finds its twin beside itself", () => {
  assert.equal(
    relocatedMakefile('include /usr/src/linux-headers-6.1.0-56-common/Makefile\n'),
    `include ${beside}linux-headers-6.1.0-56-common/Makefile\n`,
  );
});

test('so does that of a kernel that names its output directory first', () => {
  assert.equal(
    relocatedMakefile(
      'KBUILD_OUTPUT=/usr/src/linux-headers-7.2.13+deb14-amd64\ninclude /usr/src/linux-headers-7.2.13+deb14-common/Makefile',
    ),
    `KBUILD_OUTPUT=${beside}linux-headers-7.2.13+deb14-amd64\ninclude ${beside}linux-headers-7.2.13+deb14-common/Makefile`,
  );
});

test('a makefile of another form is not touched', () => {
  assert.equal(relocatedMakefile('all:\n\tmake -C /usr/src/linux-headers-1-common\n'), undefined);
  assert.equal(relocatedMakefile(''), undefined);
});
