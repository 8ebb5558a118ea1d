using System.Text;
using Cairn.Storage;

namespace Cairn.Tests.Storage;

public sealed class LargeBlobsTests
{
    [Fact]
    public void What_is_remembered_is_limited_and_what_was_forgotten_is_stored_once_all_the_same()
    {
        var disk = new SimulatedDisk(1);
        var layout = new StateLayout("/state");
        disk.CreateDirectory(layout.BlobScratch);
        var blobs = new LargeBlobs(disk, layout, maxRemembered: 8);
        var bodies = Enumerable.Range(0, 40).Select(i => Encoding.UTF8.GetBytes($"body {i}")).ToList();
        for (var round = 0; round < 2; round++)
        {
            foreach (var body in bodies)
            {
                blobs.Put(BlobHash.Of(body), body);
                Assert.InRange(blobs.Remembered, 1, 8);
            }
        }

        Assert.All(bodies, body => Assert.Equal(body, blobs.TryGet(BlobHash.Of(body))));
        Assert.Empty(disk.List(layout.BlobScratch));
    }

    [Fact]
    public void A_collection_keeps_what_was_put_since_it_began_also_when_that_was_forgotten()
    {
        var disk = new SimulatedDisk(1);
        var layout = new StateLayout("/state");
        disk.CreateDirectory(layout.BlobScratch);
        var time = TimeProvider.System;
        var blobs = new LargeBlobs(disk, layout, time, maxRemembered: 8);
        var since = time.GetTimestamp();
        var bodies = Enumerable.Range(0, 20).Select(i => Encoding.UTF8.GetBytes($"body {i}")).ToList();
        bodies.ForEach(body => blobs.Put(BlobHash.Of(body), body));
        Assert.Equal((0, 0), blobs.Collect(_ => false, since, dryRun: false, CancellationToken.None));
        Assert.Equal(20, blobs.Collect(_ => false, time.GetTimestamp() + 1, dryRun: false, CancellationToken.None).Count);
    }
}
